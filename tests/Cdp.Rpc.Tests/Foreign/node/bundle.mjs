// Makes one script for browsers of browser.mjs and what it imports. Argument: the file to write.
import { build } from 'esbuild';

await build({ entryPoints: [new URL('browser.mjs', import.meta.url).pathname], bundle: true, format: 'iife', outfile: process.argv[2], logLevel: 'warning' });
