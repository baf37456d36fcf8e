import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const stamped = ['src', 'public', 'index.html', 'package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts'];

/** Paths below `path`, relative to this folder and with forward slashes. */
function filesUnder(path: string): string[] {
  if (!statSync(join(root, path), { throwIfNoEntry: false })) return [];
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesUnder(`${path}/${name}`));
}

/** SHA-256 over path, NUL, content with LF line ends, NUL of every source in byte order; a Rust test computes it again. */
function sourcesDigest(): string {
  const paths = stamped.flatMap(filesUnder).map((path) => Buffer.from(path)).sort(Buffer.compare);
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(join(root, path.toString())).toString('latin1').replaceAll('\r\n', '\n');
    hash.update(path).update('\0').update(Buffer.from(content, 'latin1')).update('\0');
  }
  return hash.digest('hex');
}

/** Writes `dist/SOURCES`, so that a build older than its sources is found without Node. */
function stampSources(): Plugin {
  return {
    name: 'stamp-sources',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'SOURCES', source: `${sourcesDigest()}\n` });
    },
  };
}

export default defineConfig({
  plugins: [stampSources()],
  build: {
    target: 'es2022',
    // The content security policy allows no inline script, and data URLs for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/ws': { target: 'ws://127.0.0.1:8080', ws: true },
      '/api': 'http://127.0.0.1:8080',
    },
  },
});
