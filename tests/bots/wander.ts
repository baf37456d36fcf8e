// A bot that wanders: node wander.ts ws://127.0.0.1:8080/ws
import { connect, type Outage } from 'throng-sdk';
import { WebSocket } from 'ws'; // Node 22 and newer have one of their own.

const url: string = process.argv[2] ?? 'ws://127.0.0.1:8080/ws';
const throng = connect(url, { name: 'TypeScript', WebSocket });
throng.on('close', ({ code, reason, willRetryInMs }: Outage) => {
  console.log(code.text, reason, willRetryInMs === null ? 'It is over.' : `Again in ${willRetryInMs} ms.`);
});
setInterval(() => {
  if (throng.state === 'closed') process.exit(1);
  const heading = (Math.floor((throng.serverTick ?? 0) / 16) * 97) % 256;
  throng.steer({ heading, thrust: 15 });
}, 100);
