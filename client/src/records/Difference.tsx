import { diffWordsWithSpace } from 'diff'
import { useMemo } from 'react'

/** Longer texts are shown one below the other: comparing them would take a noticeable time. */
const mostCompared = 20_000

interface DifferenceProps {
  before: string
  after: string
  /** What stands in front of the text and behind it, to know it by. */
  around?: readonly [front: string, behind: string]
  /** What is said when both are the same. */
  same: string
}

/** What of a text went, what came and what stayed, word by word. */
export function Difference({ before, after, around = ['', ''], same }: DifferenceProps) {
  const parts = useMemo(() => {
    if (before.length + after.length > mostCompared) {
      return [
        { value: before, removed: true, added: false },
        { value: after, removed: false, added: true },
      ]
    }
    return diffWordsWithSpace(before, after)
  }, [before, after])
  if (before === after) return <p className="quiet">{same}</p>
  return (
    <pre tabIndex={0}>
      <span className="quiet">{around[0]}</span>
      {parts.map(({ value, removed, added }, index) => {
        if (removed) return <del key={index}>{value}</del>
        return added ? <ins key={index}>{value}</ins> : <span key={index}>{value}</span>
      })}
      <span className="quiet">{around[1]}</span>
    </pre>
  )
}
