import { Compartment, type Extension } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Hand } from '../api/history'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { authorshipLayer } from './layer'

/** Beside the text who wrote which line, while somebody wants to see it. For `TextEditor`'s extensions. */
export function useAuthorship(view: EditorView | null, document: string): Extension {
  const { history: histories, members, me } = useWorkspace()
  const [part] = useState(() => new Compartment())
  const shown = useStore(histories.whoWrote)
  const people = useStore(members)
  const colors = useRef<ReadonlyMap<string, string>>(new Map())
  useEffect(() => {
    colors.current = new Map([me, ...people].map(({ id, color }) => [id, color]))
  }, [me, people])
  useEffect(() => {
    if (view === null || !shown) return undefined
    const history = histories.of(document)
    const layer = authorshipLayer({
      me: me.id,
      read: history.api.attribution,
      settled: history.settled,
      colorOf: ({ id }: Hand) => colors.current.get(id) ?? '#6b6459',
      hide: () => histories.whoWrote.set(false),
    })
    view.dispatch({ effects: part.reconfigure(layer) })
    return () => view.dispatch({ effects: part.reconfigure([]) })
  }, [view, shown, histories, document, me, part])
  return useMemo(() => part.of([]), [part])
}
