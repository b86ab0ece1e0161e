import { createStore, type ReadableStore } from '../lib/store'

/** What lies over the page: files to open, actions to do, or the list of all keys. */
export type Shown = 'files' | 'actions' | 'keys'

export interface PaletteState {
  shown: Shown
  /** What had the focus before. */
  opener: Element | null
}

const store = createStore<PaletteState | null>(null)

export const palette: ReadableStore<PaletteState | null> = store

/** The button of a menu rather than one of its entries, which is gone by the time the focus comes back. */
function focused(): Element | null {
  const active = document.activeElement
  const menu = active?.closest('[role=menu]') ?? null
  return menu === null ? active : document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
}

export function showPalette(shown: Shown): void {
  store.update((now) => (now?.shown === shown ? now : { shown, opener: now === null ? focused() : now.opener }))
}

export const closePalette = () => store.set(null)
