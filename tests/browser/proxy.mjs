/** A way to the server that a test can break: plain TCP in the middle. */

import { once } from 'node:events';
import net from 'node:net';

/** Listens on a port of its own and passes everything on to `target`, a `host:port`. */
export async function startProxy(target) {
  const [host, port] = target.split(':');
  const pairs = new Set();
  let isOpen = true;
  const proxy = net.createServer((near) => {
    if (!isOpen) {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect(Number(port), host);
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]]) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
      from.pipe(to);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  };
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    /** Tears every connection; new ones are taken. */
    cut,
    /** Tears every connection and takes no new one until `open`. */
    close() {
      isOpen = false;
      cut();
    },
    open() {
      isOpen = true;
    },
    /** Every connection goes quiet without an end; new ones are taken. */
    freeze() {
      for (const pair of pairs) for (const socket of pair) socket.unpipe();
    },
    async stop() {
      isOpen = false;
      proxy.close();
      cut();
    },
  };
}
