// The tree rule of the browser, client/src/tree/rules.ts, for tests that compare it with the server's.

import { readFileSync } from 'node:fs'
import ts from '../../client/node_modules/typescript/lib/typescript.js'
import { serve } from './lines.mjs'

const source = readFileSync(new URL('../../client/src/tree/rules.ts', import.meta.url), 'utf8')
const compiled = ts.transpile(source, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext })
const { legalTree } = await import(`data:text/javascript,${encodeURIComponent(compiled)}`)

serve({
  /** As tests/vectors/tree.json has them: visible nodes as [id, kind, parent, path], trash as [id, kind, name]. */
  legalTree: ({ nodes }) => {
    const { nodes: visible, trash } = legalTree(Object.entries(nodes))
    return {
      tree: [...visible.values()].map(({ id, kind, parent, path }) => [id, kind, parent, path]),
      trash: [...trash.values()].map(({ id, kind, name }) => [id, kind, name])
    }
  }
})
