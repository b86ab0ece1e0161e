import { fileURLToPath } from 'node:url'

// The same versions as in the editor.
const packages = fileURLToPath(new URL('../../client/node_modules/@codemirror', import.meta.url))

export default { build: { target: 'es2023' }, resolve: { alias: { '@codemirror': packages } } }
