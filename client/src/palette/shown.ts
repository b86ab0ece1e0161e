import { createStore, type ReadableStore } from '../lib/store'
import { focusedNow } from '../ui/opener'

/** What lies over the page: files to open, actions to do, or the list of all keys. */
export type Shown = 'files' | 'actions' | 'keys'

export interface PaletteState {
  shown: Shown
  /** What had the focus before. */
  opener: Element | null
}

const store = createStore<PaletteState | null>(null)

export const palette: ReadableStore<PaletteState | null> = store

export function showPalette(shown: Shown): void {
  store.update((now) => (now?.shown === shown ? now : { shown, opener: now === null ? focusedNow() : now.opener }))
}

export const closePalette = () => store.set(null)
