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

export function setPreviewMode(mode: PreviewMode): void {
  chosen.set(mode)
  try {
    localStorage.setItem(key, mode)
  } catch {
    // It holds for this page then.
  }
}

/** How texts with a preview are shown, the same for every file and the next visit. A phone has no room for both. */
export function usePreviewMode(): PreviewMode {
  const mode = useStore(chosen)
  return useNarrow() && mode === 'both' ? 'text' : mode
}
