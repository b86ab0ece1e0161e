import { useEffect, useState } from 'react'
import type * as Y from 'yjs'

/** Milliseconds between two readings of a text that is being typed. */
const pause = 60

/** The shared text as it is now, or was a moment ago. */
export function useText(text: Y.Text): string {
  const [shown, setShown] = useState(() => text.toString())
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const read = () => {
      timer = undefined
      setShown(text.toString())
    }
    const schedule = () => {
      timer ??= setTimeout(read, pause)
    }
    read()
    text.observe(schedule)
    return () => {
      clearTimeout(timer)
      text.unobserve(schedule)
    }
  }, [text])
  return shown
}
