import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

// `npm run dev` serves the editor and hands everything else to a running server.
const server = 'http://127.0.0.1:8000'
// The server accepts cookies only from its own origin, so the proxy speaks under that origin.
const proxied = { target: server, changeOrigin: true, headers: { origin: server } }

// It marks the calls that make its keys as having no effect, so that a build would leave them out.
const emacsKeys: Plugin = {
  name: 'emacs-keys',
  transform: (code, id) =>
    id.includes('@replit/codemirror-emacs/')
      ? { code: code.replaceAll('/*@__PURE__*/EmacsHandler.', 'EmacsHandler.'), map: null }
      : null,
}

// CodeMirror parses for up to 20 ms within every edit, one's own or anybody's, before it is drawn. What is not parsed
// after 3 ms keeps the colours that it had, and is parsed when the page has time.
const parseBriefly: Plugin = {
  name: 'parse briefly',
  transform(code, id) {
    if (!id.includes('@codemirror/language/dist/index.js')) return null
    const brief = code.replace('newCx.work(20 /* Work.Apply */', 'newCx.work(3')
    if (brief === code) this.error('CodeMirror has another way to parse')
    return { code: brief, map: null }
  },
}

// Every browser that runs this reads WOFF2; the older forms of each face would only fill the build.
const onlyWoff2: Plugin = {
  name: 'only WOFF2',
  enforce: 'pre',
  transform: (code, id) =>
    id.endsWith('.css') ? code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\([^)]*\)/g, '') : null,
}

const pdfjs = join(import.meta.dirname, 'node_modules/pdfjs-dist')

// What PDF.js asks for by name while it reads a document; only few documents need any of it.
const partsOfPdfjs: Plugin = {
  name: 'parts of PDF.js',
  apply: 'build',
  generateBundle() {
    const { version } = JSON.parse(readFileSync(join(pdfjs, 'package.json'), 'utf-8')) as { version: string }
    for (const folder of ['cmaps', 'standard_fonts', 'wasm']) {
      for (const name of readdirSync(join(pdfjs, folder))) {
        // The page's Content-Security-Policy allows no WebAssembly, so only what stands in for it is of use.
        if (folder === 'wasm' && !/nowasm|LICENSE/.test(name)) continue
        const source = readFileSync(join(pdfjs, folder, name))
        this.emitFile({ type: 'asset', fileName: `assets/pdfjs-${version}/${folder}/${name}`, source })
      }
    }
  },
}

// A sixth less than what a server packs while somebody waits.
const brotli: Plugin = {
  name: 'brotli',
  apply: 'build',
  writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle)) {
      if (dir === undefined || !name.startsWith('assets/') || !['.js', '.mjs', '.css'].includes(extname(name))) continue
      const file = join(dir, name)
      writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)))
    }
  },
}

export default defineConfig({
  plugins: [react(), emacsKeys, parseBriefly, onlyWoff2, partsOfPdfjs, brotli],
  optimizeDeps: { exclude: ['@replit/codemirror-emacs'] },
  build: {
    target: 'es2023',
    // Data URIs would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The second page draws diagrams, in a frame that is a stranger to the first.
    rolldownOptions: { input: ['index.html', 'diagram.html'] },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': { ...proxied, ws: true },
      '/sync': { ...proxied, ws: true },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
})
