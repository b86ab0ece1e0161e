import type { Seen } from '../api/types'
import { plural } from '../lib/format'
import { extension } from '../lib/paths'

/** A line about one part of what the model saw: what it was, and what there is to know about it. */
export interface SawLine {
  /** In our own words, before the file's name. */
  what: string
  /** A file's name or path, which may be anything. */
  path: string | null
  details: string[]
}

const names: Record<Seen['role'], string> = {
  selection: 'The selected text',
  about: 'What was selected when it was asked',
  files: 'The names of the files there',
  before: 'What stands before it',
  after: 'What stands after it',
  document: '',
  history: 'Earlier messages here',
  mentioned: '',
  knowledge: 'A passage of',
  file: '',
  example: 'An earlier change in',
}

function lines([first, last]: readonly [number, number]): string {
  return first === last ? `line ${first}` : `lines ${first}–${last}`
}

/** Where in its file that is. A PDF has pages, and no lines that anybody could look up. */
export function placeIn({ path, lines: range, within }: Pick<Seen, 'path' | 'lines' | 'within'>): string | null {
  if (path && extension(path) === 'pdf') return within?.at(-1) ?? null
  return range ? lines(range) : null
}

function much({ tokens, of, messages, of_messages: said }: Seen): string | null {
  if (messages && said) return messages === said ? `all ${said}` : `the last ${messages} of ${said}`
  if (tokens === 0) return 'found no room'
  return tokens < of ? `${Math.max(1, Math.round((100 * tokens) / of))} % of it` : null
}

function hidden({ secrets, unseen, kept }: Seen): string[] {
  const found: string[] = []
  // What is to be changed goes to the model as it stands: taken out, it would be taken out of the file.
  if (secrets) found.push(kept ? 'with what looks like a secret' : `${plural(secrets, 'secret')} taken out`)
  if (unseen) {
    const letters = plural(unseen, 'invisible character')
    found.push(kept ? `with ${letters}` : `${letters} taken out`)
  }
  return found
}

/** What the model saw, in the server's order, in plain words. */
export function sawLines(context: readonly Seen[]): SawLine[] {
  const isOwn = ({ role }: Seen) => !['document', 'mentioned', 'knowledge', 'file', 'example'].includes(role)
  // The file at hand need not be named, unless there are several.
  const several = new Set(context.filter(isOwn).flatMap(({ path }) => path ?? [])).size > 1
  return context.map((seen) => {
    const { role, path, why } = seen
    const own = isOwn(seen)
    const details = [placeIn(seen), much(seen), own ? null : why, ...hidden(seen)]
    return {
      what: several && own && path ? `${names[role]} in` : names[role],
      path: own && !several ? null : (path ?? null),
      details: details.filter((detail) => detail !== null),
    }
  })
}

/** Roughly, since nobody counts in tokens. */
export function sawWords(context: readonly Seen[]): string {
  const tokens = context.reduce((sum, seen) => sum + seen.tokens, 0)
  const words = Math.round((tokens * 3) / 4)
  if (words < 100) return 'fewer than 100 words'
  const digits = 10 ** (Math.floor(Math.log10(words)) - 1)
  return `about ${(Math.round(words / digits) * digits).toLocaleString('en')} words`
}
