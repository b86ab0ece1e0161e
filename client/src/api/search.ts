import { request } from './http'

/** What is searched for, and how it is meant. */
export interface Query {
  query: string
  /** Letter case counts. */
  case: boolean
  /** It begins and ends where words do. */
  word: boolean
  regex: boolean
  /** Patterns of paths, separated by commas; "!" leaves out. */
  paths: string
  /** What matches become; null while nobody wants to replace anything. */
  replacement: string | null
}

export interface Match {
  /** Names it in its document when it is to be replaced. */
  id: string
  line: number
  column: number
  length: number
  /** The line; of a long one what is around the match, with "…". */
  text: string
  start: number
  end: number
  replacement: string | null
}

export interface FileMatches {
  document: string
  path: string
  /** Of all matches in the file, also of those that are not here. */
  count: number
  matches: readonly Match[]
}

export interface Matches {
  files: FileMatches[]
  count: number
  in_files: number
  /** False when there are too many to count. */
  whole: boolean
  /** Where the next page begins. */
  next: number | null
}

export interface ReplacedFile {
  document: string
  path: string | null
  replaced: string[]
  changed: string[]
  problem: string | null
}

const base = (workspace: string) => `/api/workspaces/${encodeURIComponent(workspace)}/search`

export function findMatches(workspace: string, asked: Query, skip = 0): Promise<Matches> {
  const { query, replacement, paths, ...options } = asked
  const fields = new URLSearchParams({ q: query, paths, skip: String(skip) })
  for (const [name, value] of Object.entries(options)) fields.set(name, String(value))
  if (replacement !== null) fields.set('replacement', replacement)
  return request<Matches>('GET', `${base(workspace)}/matches?${fields.toString()}`)
}

/** Replaces the matches that are named, as long as they are still there as they were seen. */
export async function replaceMatches(
  workspace: string,
  asked: Query,
  files: readonly { document: string; matches: readonly string[] }[],
): Promise<readonly ReplacedFile[]> {
  const { query, case: matchCase, word, regex, replacement } = asked
  const body = { q: query, case: matchCase, word, regex, replacement, files }
  return (await request<{ files: ReplacedFile[] }>('POST', `${base(workspace)}/replace`, body)).files
}
