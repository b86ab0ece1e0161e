import { useState } from 'react'
import type { Dimension } from '../api/types'
import { lastDays, type Range, today } from './range'
import { dimensions } from './words'

const spans: readonly (readonly [string, string])[] = [
  ['7', 'Last 7 days'],
  ['30', 'Last 30 days'],
  ['90', 'Last 90 days'],
  ['365', 'Last year'],
]

interface ChoicesProps {
  range: Range
  onRange: (range: Range) => void
  by: Dimension
  onBy: (by: Dimension) => void
}

/** Which days, and what is told apart. */
export function Choices({ range, onRange, by, onBy }: ChoicesProps) {
  const [span, setSpan] = useState('30')
  const choose = (value: string) => {
    setSpan(value)
    if (value !== 'own') onRange(lastDays(Number(value)))
  }
  return (
    <div className="row figures-choices">
      <label className="field">
        Time
        <select value={span} onChange={(event) => choose(event.target.value)}>
          {spans.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
          <option value="own">From … to …</option>
        </select>
      </label>
      {span === 'own' ? (
        <>
          <label className="field">
            From
            <input
              type="date"
              value={range.from}
              max={range.to}
              onChange={(event) => onRange({ ...range, from: event.target.value })}
            />
          </label>
          <label className="field">
            To
            <input
              type="date"
              value={range.to}
              min={range.from}
              max={today()}
              onChange={(event) => onRange({ ...range, to: event.target.value })}
            />
          </label>
        </>
      ) : null}
      <label className="field">
        Told apart
        <select value={by} onChange={(event) => onBy(event.target.value as Dimension)}>
          {dimensions.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
