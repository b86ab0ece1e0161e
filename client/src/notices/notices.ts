import type { Notice } from '../api/types'

/** Notices of a workspace by id. */
export type Notices = ReadonlyMap<string, Notice>

/** How many that were decided are shown below those that wait. */
export const mostDecided = 8

/** How far a notice has come: what is read late does not undo what was told. */
function age(notice: Notice): number {
  const revisions = notice.hunks.reduce((sum, hunk) => sum + hunk.revision, 0)
  // That it does not fit may be taken back: by itself it is no step on the way.
  return revisions + (notice.state === 'open' || notice.state === 'stale' ? 0 : 1)
}

/** `read` from the server, or told by an event. */
export function merged(known: Notices, read: readonly Notice[]): Notices {
  const notices = new Map(known)
  for (const notice of read) {
    const before = notices.get(notice.id)
    if (notice.state === 'gone') notices.delete(notice.id)
    else if (before === undefined || age(notice) >= age(before)) {
      const readers = new Set([...notice.read_by, ...(before?.read_by ?? [])])
      notices.set(notice.id, { ...notice, read_by: [...readers] })
    }
  }
  return notices
}

/** Somebody has seen these. */
export function seenBy(known: Notices, ids: readonly string[], person: string): Notices {
  const unseen = ids.filter((id) => known.get(id)?.read_by.includes(person) === false)
  if (unseen.length === 0) return known
  const notices = new Map(known)
  for (const id of unseen) {
    const notice = notices.get(id)
    if (notice !== undefined) notices.set(id, { ...notice, read_by: [...notice.read_by, person] })
  }
  return notices
}

const newestFirst = (a: Notice, b: Notice) => b.created_at.localeCompare(a.created_at)

/** Those that wait, the newest first, without those whose file is not there any more. */
export const waiting = (known: Notices, exists: (document: string) => boolean): Notice[] =>
  [...known.values()].filter((notice) => notice.state === 'open' && exists(notice.document)).sort(newestFirst)

/** What was decided or went stale last, the newest first. */
export const decided = (known: Notices): Notice[] =>
  [...known.values()]
    .filter((notice) => notice.state !== 'open' && (notice.state === 'stale' || Boolean(notice.decided_at)))
    .sort((a, b) => (b.decided_at ?? b.created_at).localeCompare(a.decided_at ?? a.created_at))
    .slice(0, mostDecided)

/** Of `notices`, what this person has not seen. */
export const unread = (notices: readonly Notice[], person: string): string[] =>
  notices.filter((notice) => !notice.read_by.includes(person)).map((notice) => notice.id)
