import { useCallback, useState } from 'react'

/** How wide an element is by now, for what is drawn in it to have the width that it can have. */
export function useWidth(): [(element: HTMLElement | null) => (() => void) | undefined, number] {
  const [width, setWidth] = useState(320)
  const place = useCallback((element: HTMLElement | null) => {
    if (element === null) return undefined
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 320)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [place, width]
}
