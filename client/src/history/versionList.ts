import type { Version } from '../api/history'

/** What is known of the versions of a text, newest first. */
export interface VersionList {
  versions: readonly Version[]
  /** Whether there are older ones than these. */
  more: boolean
}

/**
 * The list after its newest page was read again. What is older than that page stays as it was read; what would be in it
 * and is not has been thinned out.
 */
export function withNewest(known: VersionList | null, page: readonly Version[], size: number): VersionList {
  const oldest = page.at(-1)
  if (page.length < size || oldest === undefined) return { versions: page, more: false }
  const older = known?.versions.filter(({ id }) => id < oldest.id) ?? []
  return { versions: [...page, ...older], more: older.length === 0 || (known?.more ?? true) }
}

/** The list with a page of what is older than `before`. */
export function withOlder(known: VersionList, before: string, page: readonly Version[], size: number): VersionList {
  return {
    versions: [...known.versions.filter(({ id }) => id >= before), ...page],
    more: page.length === size,
  }
}

/** Whether this one is in the list no more although its neighbours are. */
export function isThinnedOut({ versions, more }: VersionList, id: string): boolean {
  const oldest = versions.at(-1)
  const reached = !more || (oldest !== undefined && oldest.id <= id)
  return reached && !versions.some((version) => version.id === id)
}

/** The next newer and the next older version, also of one that is not in the list any more. */
export function neighbours({ versions }: VersionList, id: string): { newer: Version | null; older: Version | null } {
  return {
    newer: versions.findLast((version) => version.id > id) ?? null,
    older: versions.find((version) => version.id < id) ?? null,
  }
}
