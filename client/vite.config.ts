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

export default defineConfig({
  plugins: [react(), emacsKeys],
  optimizeDeps: { exclude: ['@replit/codemirror-emacs'] },
  build: {
    target: 'es2023',
    // Data URIs would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': { ...proxied, ws: true },
      '/sync': { ...proxied, ws: true },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
})
