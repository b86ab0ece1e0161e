import { useEffect, useState } from 'react'

/** Milliseconds after which "a minute ago" is no longer right. */
const tick = 30_000

/** The present moment, for words that change with it. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), tick)
    return () => clearInterval(timer)
  }, [])
  return now
}
