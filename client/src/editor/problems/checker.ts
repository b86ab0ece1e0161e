import { baseName, extension } from '../../lib/paths'

export type Checker = 'python' | 'json' | 'json with comments' | 'yaml'

const byEnding: Readonly<Record<string, Checker>> = {
  py: 'python',
  pyi: 'python',
  pyw: 'python',
  json: 'json',
  geojson: 'json',
  webmanifest: 'json',
  ipynb: 'json',
  jsonc: 'json with comments',
  yaml: 'yaml',
  yml: 'yaml',
}
// What reads these allows comments in them.
const withComments = /^(tsconfig|jsconfig|tslint|devcontainer|\.eslintrc|\.babelrc|language-configuration)/
const foldersWithComments = ['.vscode', '.devcontainer']

/** Who checks a text of this name, as ai/checking/checkers.py has it; null where nobody does. */
export function checkerOf(path: string): Checker | null {
  const lower = path.toLowerCase()
  const ending = extension(lower)
  const checker = Object.hasOwn(byEnding, ending) ? (byEnding[ending] ?? null) : null
  if (checker !== 'json') return checker
  const folders = lower.split('/').slice(0, -1)
  const mayComment = withComments.test(baseName(lower)) || folders.some((one) => foldersWithComments.includes(one))
  return mayComment ? 'json with comments' : 'json'
}
