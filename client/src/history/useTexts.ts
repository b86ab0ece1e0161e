import { useEffect, useState } from 'react'
import type { Version, VersionWhole } from '../api/history'
import type { Against, DocumentHistory } from './store'

/** The texts of a comparison. `before`: the version before, null for none, and where the present text is compared. */
export interface Texts {
  version: VersionWhole
  before: VersionWhole | null
}

export type TextsRead = { is: 'reading' } | { is: 'failed'; error: unknown } | ({ is: 'read' } & Texts)

async function read(history: DocumentHistory, version: Version, against: Against): Promise<Texts> {
  const before = against === 'before' ? history.before(version) : null
  const [whole, other] = await Promise.all([
    history.api.version(version.id),
    before?.then((found) => found && history.api.version(found.id)) ?? null,
  ])
  return { version: whole, before: other }
}

/** Reads what a comparison needs. A version never changes, so what was read stays until another one is wanted. */
export function useTexts(history: DocumentHistory, version: Version, against: Against): [TextsRead, () => void] {
  const [attempt, setAttempt] = useState(0)
  const wanted = `${version.id} ${against} ${attempt}`
  const [found, setFound] = useState<{ for: string; texts: TextsRead } | null>(null)
  useEffect(() => {
    let late = false
    read(history, version, against).then(
      (texts) => (late ? undefined : setFound({ for: wanted, texts: { is: 'read', ...texts } })),
      (error: unknown) => (late ? undefined : setFound({ for: wanted, texts: { is: 'failed', error } })),
    )
    return () => {
      late = true
    }
  }, [history, version, against, wanted])
  return [found?.for === wanted ? found.texts : { is: 'reading' }, () => setAttempt(attempt + 1)]
}
