import { useEffect, useState } from 'react'
import { describe } from '../api/problem'
import type { Dimension, Figures } from '../api/types'
import { Waiting } from '../ui/Waiting'
import { useWorkspace } from '../workspace/context'
import { BudgetMeters } from './BudgetMeters'
import { Choices } from './Choices'
import { Groups } from './Groups'
import { Plots } from './Plots'
import { isRange, lastDays, longDay } from './range'
import { Tiles } from './Tiles'
import { isEmpty } from './words'

/** What this page will hold, for a group that has not asked anything. */
function Nothing({ begins, ends }: Figures) {
  return (
    <section className="figures-empty">
      <h2>Nothing was asked of the assistant here</h2>
      <p>
        {begins === ends ? `On ${longDay(ends)}` : `From ${longDay(begins)} to ${longDay(ends)}`} nobody of this group
        has asked it anything. Once somebody does, you find here:
      </p>
      <ul>
        <li>how much of what it proposes is accepted,</li>
        <li>how much of that is still there ten minutes later,</li>
        <li>how long people wait for its first words,</li>
        <li>how many tokens it takes, and what they cost.</li>
      </ul>
    </section>
  )
}

/** The group's figures of its assistant, over a range of days. */
export default function FiguresPage() {
  const { api } = useWorkspace()
  const [range, setRange] = useState(() => lastDays(30))
  const [by, setBy] = useState<Dimension>('kind')
  const [figures, setFigures] = useState<Figures | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const { from, to } = range

  useEffect(() => {
    if (!isRange({ from, to })) return undefined
    let left = false
    api.figures(from, to, by).then(
      (found) => {
        if (left) return
        setFigures(found)
        setProblem(null)
      },
      (error: unknown) => {
        if (!left) setProblem(describe(error).detail || describe(error).title)
      },
    )
    return () => {
      left = true
    }
  }, [api, from, to, by])

  return (
    <div className="figures">
      <header className="figures-head">
        <h1>Figures</h1>
        <Choices range={range} onRange={setRange} by={by} onBy={setBy} />
      </header>
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <BudgetMeters />
      {figures === null ? (
        problem === null ? (
          <Waiting>Counting…</Waiting>
        ) : null
      ) : isEmpty(figures.total) ? (
        <Nothing {...figures} />
      ) : (
        <>
          <Tiles total={figures.total} />
          <Plots figures={figures} />
          <Groups figures={figures} />
          <p className="figures-foot">
            {longDay(figures.begins)} to {longDay(figures.ends)}; days are those of UTC.
            {figures.total.calls.estimated === 0
              ? ''
              : ` The tokens of ${figures.total.calls.estimated} of ${figures.total.calls.count} requests are estimated, because the model did not count them.`}
          </p>
        </>
      )}
    </div>
  )
}
