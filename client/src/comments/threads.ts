import type { Thread } from '../api/types'

/** Threads of a workspace by id: the open ones of all files, and all of the files that were looked at. */
export type Threads = ReadonlyMap<string, Thread>

/** `read` from the server, or told by an event; whatever is newer here stays. */
export function merged(known: Threads, read: readonly Thread[]): Threads {
  const threads = new Map(known)
  for (const thread of read) {
    const before = threads.get(thread.id)
    if (before === undefined || before.revision < thread.revision) threads.set(thread.id, thread)
  }
  return threads
}

export function without(known: Threads, id: string): Threads {
  if (!known.has(id)) return known
  const threads = new Map(known)
  threads.delete(id)
  return threads
}

export const isOpen = (thread: Thread) => thread.resolved_at === null

/** How many wait in one file. */
export const openIn = (threads: Threads, document: string | null): number =>
  [...threads.values()].filter((thread) => thread.document === document && isOpen(thread)).length

/** When somebody last said something. */
const newest = (thread: Thread) => thread.messages.at(-1)?.at ?? ''

/** Where threads begin in the text that is open; null for one whose text is gone. */
export type Places = ReadonlyMap<string, number | null>

/** Those of one file as one meets them in its text; those that have lost their place come last, the newest first. */
export function inText(threads: Threads, document: string, places: Places): Thread[] {
  const at = (thread: Thread) => places.get(thread.id) ?? Infinity
  return [...threads.values()]
    .filter((thread) => thread.document === document)
    .sort((a, b) => (at(a) === at(b) ? newest(b).localeCompare(newest(a)) : at(a) - at(b)))
}

/** The open ones of other files, by document; the file in which somebody spoke last comes first. */
export function elsewhere(threads: Threads, document: string | null): [string, Thread[]][] {
  const files = new Map<string, Thread[]>()
  for (const thread of threads.values()) {
    if (thread.document === document || !isOpen(thread)) continue
    files.set(thread.document, [...(files.get(thread.document) ?? []), thread])
  }
  const last = (file: Thread[]) => file.map(newest).reduce((a, b) => (a > b ? a : b), '')
  for (const file of files.values()) file.sort((a, b) => newest(b).localeCompare(newest(a)))
  return [...files].sort(([, a], [, b]) => last(b).localeCompare(last(a)))
}
