import { useEffect, useRef } from 'react'
import { describe } from '../api/problem'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import type { DocumentHistory } from './store'

/** The end of what was read of the list. Older versions come when it is scrolled into sight, or by its button. */
export function Older({ history }: { history: DocumentHistory }) {
  const reading = useStore(history.readingOlder)
  const place = useRef<HTMLDivElement>(null)
  const list = useStore(history.list)
  // What has failed is not tried again by itself, or it would go on as fast as it fails.
  const byItself = reading.is === 'read'
  useEffect(() => {
    if (!byItself || place.current === null) return undefined
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) void history.loadOlder()
    })
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [history, byItself, list])
  return (
    <div className="history-more" ref={place}>
      {reading.is === 'failed' ? (
        <p role="alert">
          Older versions could not be read: {describe(reading.error).detail || describe(reading.error).title}
        </p>
      ) : null}
      <Button small look="quiet" disabled={reading.is === 'reading'} onClick={() => void history.loadOlder()}>
        {reading.is === 'reading' ? 'Reading older versions…' : 'Show older versions'}
      </Button>
    </div>
  )
}
