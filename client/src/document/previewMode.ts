import { useNarrow } from '../lib/hooks'
import { createStore, useStore } from '../lib/store'

export type PreviewMode = 'text' | 'both' | 'preview'

const key = 'scriptorium:preview'

function saved(): PreviewMode {
  try {
    const mode = localStorage.getItem(key)
    return mode === 'both' || mode === 'preview' ? mode : 'text'
  } catch {
    return 'text'
  }
}

const chosen = createStore<PreviewMode>(saved())

const forNow = createStore<PreviewMode | null>(null)

/** How the text that is open is shown while one follows somebody; null as one has chosen. */
export const showForNow = (mode: PreviewMode | null): void => forNow.set(mode)

export function setPreviewMode(mode: PreviewMode): void {
  chosen.set(mode)
  forNow.set(null)
  try {
    localStorage.setItem(key, mode)
  } catch {
    // It holds for this page then.
  }
}

/** How texts with a preview are shown, the same for every file and the next visit. A phone has no room for both. */
export function usePreviewMode(): PreviewMode {
  const ownMode = useStore(chosen)
  const mode = useStore(forNow) ?? ownMode
  return useNarrow() && mode === 'both' ? 'text' : mode
}
