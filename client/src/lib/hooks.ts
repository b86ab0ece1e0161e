import { useEffect, useState, useSyncExternalStore } from 'react'

function useMediaQuery(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query)
      list.addEventListener('change', listener)
      return () => list.removeEventListener('change', listener)
    },
    () => matchMedia(query).matches,
  )
}

/** Below this width the side panels become drawers; the style sheets use the same number. */
export const useNarrow = () => useMediaQuery('(max-width: 860px)')

function onResize(listener: () => void): () => void {
  addEventListener('resize', listener)
  return () => removeEventListener('resize', listener)
}

/** Pixels. */
export const useWindowWidth = () => useSyncExternalStore(onResize, () => innerWidth)

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title
  }, [title])
}

/** Whether this has been so for as many milliseconds without a break. */
export function useLasting(now: boolean, milliseconds: number): boolean {
  const [long, setLong] = useState(false)
  useEffect(() => {
    if (!now) return undefined
    const timer = setTimeout(() => setLong(true), milliseconds)
    return () => {
      clearTimeout(timer)
      setLong(false)
    }
  }, [now, milliseconds])
  return now && long
}
