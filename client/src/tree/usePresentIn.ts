import { useMemo } from 'react'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import type { Presence } from './presence'

/** Others, by the document that they have open. */
export function usePresentIn(): ReadonlyMap<string, readonly Presence[]> {
  const { tree, me } = useWorkspace()
  const present = useStore(tree.presence)
  return useMemo(() => {
    const byDocument = new Map<string, Presence[]>()
    for (const one of present) {
      if (one.user === me.id || one.document === null) continue
      const others = byDocument.get(one.document) ?? []
      if (!others.some(({ user }) => user === one.user)) byDocument.set(one.document, [...others, one])
    }
    return byDocument
  }, [present, me.id])
}
