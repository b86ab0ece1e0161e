import { type Compartment, Prec } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useState } from 'react'
import { useStore } from '../../lib/store'
import { keyStyle, type KeyStyle } from './setting'

const load = { vim: () => import('./vim'), emacs: () => import('./emacs') }

/** A phone's keyboard has no Esc and no Ctrl. */
const hasKeyboard = () => !matchMedia('(hover: none) and (pointer: coarse)').matches

/** The keys that this person has chosen, and the mode that they are in, in words; null for the usual ones. */
export function useKeyStyle(view: EditorView | null, part: Compartment): string | null {
  const chosen = useStore(keyStyle)
  const style: KeyStyle = hasKeyboard() ? chosen : 'plain'
  const [mode, setMode] = useState('normal')

  useEffect(() => {
    if (view === null || style === 'plain') return undefined
    let current = true
    void Promise.all([load[style](), import('./mode')]).then(
      ([{ keys }, { onMode }]) => {
        if (!current) return
        const attributes = EditorView.editorAttributes.of({ 'data-keys': style })
        const effects = part.reconfigure([keys, onMode.of(setMode), Prec.high(attributes)])
        view.dispatch({ effects })
      },
      (error: unknown) => console.warn('The keys did not load', error),
    )
    return () => {
      current = false
      view.dispatch({ effects: part.reconfigure([]) })
      setMode('normal')
    }
  }, [view, style, part])

  if (style === 'plain') return null
  return style === 'vim' ? `Vim: ${mode}` : 'Emacs'
}
