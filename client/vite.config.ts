import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// `npm run dev` serves the editor and hands everything else to a running server.
const server = 'http://127.0.0.1:8000'
// The server accepts cookies only from its own origin, so the proxy speaks under that origin.
const proxied = { target: server, changeOrigin: true, headers: { origin: server } }

// Every browser that runs this reads WOFF2; the older forms of each face would only fill the build.
const onlyWoff2 = {
  name: 'only WOFF2',
  enforce: 'pre' as const,
  transform: (code: string, id: string) =>
    id.endsWith('.css') ? code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\([^)]*\)/g, '') : null,
}

export default defineConfig({
  plugins: [react(), onlyWoff2],
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
