import type { EditRequest } from '../api/workspace'

/** What an instruction is about. `here`: the selected text, or the place of the cursor. */
export type Scope = 'here' | 'file' | 'everywhere' | 'chosen'

interface Place {
  path: string
  text: string
  from: number
  to: number
}

/** The request to change whole files, or the selected text; for a place without text, scope is not `here`. */
export function editRequest(scope: Scope, instruction: string, place: Place, chosen: readonly string[]): EditRequest {
  const { path, text } = place
  const [start, end] = scope === 'file' ? [0, text.length] : [place.from, place.to]
  const request = { path, start, end, instruction, expected: text.slice(start, end) }
  if (scope === 'everywhere') return { ...request, also: 'all' }
  if (scope === 'chosen') return { ...request, also: chosen }
  return request
}

const foundAtMost = 100

/** The paths that hold all words of the query, those first whose file name holds one. */
export function findPaths(paths: readonly string[], query: string): string[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found = paths.filter((path) => words.every((word) => path.toLowerCase().includes(word)))
  const named = (path: string) => {
    const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
    return words.some((word) => name.includes(word)) ? 0 : 1
  }
  return found.sort((a, b) => named(a) - named(b) || a.localeCompare(b)).slice(0, foundAtMost)
}
