/** What was used last in this browser, the latest first. */
export interface Recent {
  ids(): readonly string[]
  use(id: string): void
}

function read(key: string): readonly string[] {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(saved) ? saved.filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}

/** Kept under `key` for the next visit, at most `most`. Another tab may use some, too. */
export function recent(key: string, most: number): Recent {
  let own: readonly string[] | null = null
  const ids = () => own ?? read(key)
  return {
    ids,
    use(id) {
      const next = [id, ...ids().filter((known) => known !== id)].slice(0, most)
      try {
        localStorage.setItem(key, JSON.stringify(next))
      } catch {
        // They are remembered for this page then.
        own = next
      }
    },
  }
}
