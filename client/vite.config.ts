import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// `npm run dev` serves the editor and hands everything else to a running server.
const server = 'http://127.0.0.1:8000'
// The server accepts cookies only from its own origin, so the proxy speaks under that origin.
const proxied = { target: server, changeOrigin: true, headers: { origin: server } }

export default defineConfig({
  plugins: [react()],
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
