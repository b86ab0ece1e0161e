import type { FileMatches, Match, Matches, ReplacedFile } from '../api/search'

/** What has become of a match since it was found. */
export type Fate = 'changed' | 'replaced'

/** A match with the name that it keeps here, whatever becomes of the text. */
export interface Hit extends Match {
  readonly key: string
}

export interface FileHits extends FileMatches {
  readonly matches: readonly Hit[]
}

/** What was found, page after page; it stays as it is while somebody goes through it. */
export interface Results {
  readonly files: readonly FileHits[]
  readonly count: number
  readonly inFiles: number
  /** False when there are more than anybody has counted. */
  readonly whole: boolean
  /** Where the next page begins; null after the last one. */
  readonly next: number | null
  /** By key. A match that is as it was is not among them. */
  readonly fates: ReadonlyMap<string, Fate>
  /** Whether there may be matches by now that are not here. */
  readonly outdated: boolean
}

const withKeys = (file: FileMatches): FileHits => ({
  ...file,
  matches: file.matches.map((match) => ({ ...match, key: `${file.document}/${match.id}` })),
})

export const firstPage = (page: Matches): Results => ({
  files: page.files.map(withKeys),
  count: page.count,
  inFiles: page.in_files,
  whole: page.whole,
  next: page.next,
  fates: new Map(),
  outdated: false,
})

/** With one more page behind it. A file that both have a part of becomes one again. */
export function withPage(results: Results, page: Matches): Results {
  const files = new Map(results.files.map((file) => [file.document, file]))
  for (const file of page.files.map(withKeys)) {
    const before = files.get(file.document)
    const known = new Set(before?.matches.map(({ id }) => id))
    const matches = [...(before?.matches ?? []), ...file.matches.filter(({ id }) => !known.has(id))]
    files.set(file.document, { ...file, matches })
  }
  return {
    ...results,
    files: [...files.values()],
    count: page.count,
    inFiles: page.in_files,
    whole: page.whole,
    next: page.next,
  }
}

export const shownCount = ({ files }: Results) => files.reduce((sum, { matches }) => sum + matches.length, 0)

/** What stays of a match while text around its line comes and goes. */
const looks = ({ text, start, length, column }: Match) => `${column}:${start}:${length}:${text}`

/**
 * The results after one of their files was searched anew. Rows stay where they are: a match whose line is still there
 * gets its present line number, one whose line is not is marked.
 */
export function refreshed(results: Results, document: string, fresh: readonly Match[], all: boolean): Results {
  const file = results.files.find((one) => one.document === document)
  if (file === undefined) return results
  const waiting = new Map<string, Match[]>()
  for (const match of fresh) waiting.set(looks(match), [...(waiting.get(looks(match)) ?? []), match])
  const fates = new Map(results.fates)
  let missing = false
  const matches = file.matches.map((match) => {
    if (fates.get(match.key) === 'replaced') return match
    const found = waiting.get(looks(match))?.shift()
    fates.delete(match.key)
    if (found === undefined) {
      // Of a file with more matches than were looked at nobody knows.
      if (all) fates.set(match.key, 'changed')
      return match
    }
    return { ...found, key: match.key, replacement: match.replacement }
  })
  for (const left of waiting.values()) if (left.length > 0) missing = true
  const added = missing && file.matches.length === file.count
  return {
    ...results,
    files: results.files.map((one) => (one === file ? { ...file, matches } : one)),
    fates,
    outdated: results.outdated || added,
  }
}

/** The results after some were replaced, or could not be. */
export function afterReplacing(results: Results, outcome: readonly ReplacedFile[]): Results {
  const fates = new Map(results.fates)
  const hits = new Map(results.files.flatMap((file) => file.matches.map((hit) => [`${file.document}/${hit.id}`, hit])))
  for (const { document, replaced, changed } of outcome) {
    const tell = (ids: readonly string[], fate: Fate) => {
      for (const id of ids) {
        const hit = hits.get(`${document}/${id}`)
        if (hit !== undefined) fates.set(hit.key, fate)
      }
    }
    tell(replaced, 'replaced')
    tell(changed, 'changed')
  }
  return { ...results, fates }
}

/** What is to be replaced: all that is shown and still there, but for what somebody has left out. */
export function chosen(results: Results, leftOut: ReadonlySet<string>): { document: string; matches: string[] }[] {
  return results.files
    .map(({ document, matches }) => ({
      document,
      matches: matches.filter(({ key }) => !leftOut.has(key) && !results.fates.has(key)).map(({ id }) => id),
    }))
    .filter(({ matches }) => matches.length > 0)
}

export type Chosen = ReturnType<typeof chosen>

/** Matches, and files, that the server takes in one request. */
const most = { matches: 10_000, files: 1_000 }

/** In portions that the server takes. A file is divided only where it has too many by itself. */
export function portions(files: Chosen): Chosen[] {
  const divided = files.flatMap(({ document, matches }) =>
    Array.from({ length: Math.ceil(matches.length / most.matches) }, (_, part) => ({
      document,
      matches: matches.slice(part * most.matches, (part + 1) * most.matches),
    })),
  )
  const result: Chosen[] = []
  let room = 0
  for (const file of divided) {
    const last = result.at(-1)
    if (last === undefined || file.matches.length > room || last.length === most.files) {
      result.push([file])
      room = most.matches - file.matches.length
    } else {
      last.push(file)
      room -= file.matches.length
    }
  }
  return result
}

export type Row =
  | { readonly is: 'file'; readonly file: FileHits; readonly open: boolean }
  | { readonly is: 'match'; readonly file: FileHits; readonly match: Hit }

/** One row for each file and, unless it is closed, for each of its matches. */
export function rowsOf({ files }: Results, closed: ReadonlySet<string>): Row[] {
  return files.flatMap((file): Row[] => {
    const open = !closed.has(file.document)
    const matches: Row[] = open ? file.matches.map((match) => ({ is: 'match', file, match })) : []
    return [{ is: 'file', file, open }, ...matches]
  })
}

export const rowKey = (row: Row) => (row.is === 'file' ? row.file.document : row.match.key)

/** Characters in front of a match that leave room in a narrow column for it, and for what it becomes. */
const lead = { alone: 20, replaced: 10, least: 4 }

/** Characters of a line that such a column shows. */
const column = 26

/** A line in three parts, cut so that the match can be seen. */
export function partsOf({ text, start, end, replacement }: Match): { before: string; match: string; after: string } {
  const inFront = text.slice(0, start).trimStart()
  const wanted = replacement === null ? lead.alone : lead.replaced
  const most = Math.max(lead.least, Math.min(wanted, column - (end - start)))
  return {
    before: inFront.length > most ? `…${inFront.slice(-most)}` : inFront,
    match: text.slice(start, end),
    after: text.slice(end),
  }
}
