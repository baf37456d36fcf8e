/**
 * Makes the npm package of the SDK from the sources that the page is made of: one module, its types, README and licences.
 *
 *     node sdk/build.mjs [FOLDER]      # sdk/dist when it is not given
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';

const here = import.meta.dirname;
const web = resolve(here, '..');
const out = resolve(process.argv[2] ?? join(here, 'dist'));

await build({
  root: web,
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: out,
    emptyOutDir: true,
    lib: { entry: join(web, 'src/sdk/index.ts'), formats: ['es'], fileName: () => 'throng.js' },
    // For modules Vite leaves the white space in.
    rolldownOptions: { output: { minify: true } },
  },
});

const tsc = join(web, 'node_modules/typescript/bin/tsc');
const types = join(out, 'types');
execFileSync(process.execPath, [tsc, '--project', join(here, 'tsconfig.json'), '--outDir', types], { stdio: 'inherit' });
// A declaration is named as the module that it declares, and there are no sources in the package.
for (const path of readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.d.ts'))) {
  const file = join(types, path);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(from '[^']+)\.ts'/g, "$1.js'").replace(/(import\("[^"]+)\.ts"\)/g, '$1.js")'));
}

for (const name of ['package.json', 'README.md']) copyFileSync(join(here, name), join(out, name));
for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) copyFileSync(join(web, '..', name), join(out, name));
