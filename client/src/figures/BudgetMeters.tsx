import { useEffect } from 'react'
import type { Gauge } from '../api/types'
import { formatAmount, formatCount, formatFull } from '../lib/format'
import { useStore } from '../lib/store'
import { attemptUnasked } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'

function name({ unit, personal }: Gauge): string {
  const period = unit === 'tokens' ? 'today' : 'this month'
  return personal ? `Your share ${period}` : `The workspace ${period}`
}

/** How much of the budget is used up by now, where there is one. */
export function BudgetMeters() {
  const session = useWorkspace()
  const status = useStore(session.assistant)
  useEffect(() => {
    void attemptUnasked('The budget could not be read', () => session.loadBudget())
  }, [session])
  const gauges = status?.budget ?? []
  if (gauges.length === 0) return null
  return (
    <section className="budget-meters" aria-label="Budget">
      {gauges.map((gauge) => (
        <div
          key={`${gauge.unit} ${gauge.personal}`}
          className="budget-meter"
          data-spent={gauge.spent !== null || undefined}
        >
          <span>{name(gauge)}</span>
          <meter min={0} max={Math.max(gauge.limit, gauge.used, 1e-9)} value={gauge.used} aria-label={name(gauge)} />
          <span className="quiet">
            {gauge.unit === 'tokens' ? formatCount(gauge.used) : formatAmount(gauge.used, gauge)} of{' '}
            {formatAmount(gauge.limit, gauge)}
            {gauge.spent === null ? '' : `, free again from ${formatFull(gauge.renews_at)}`}
          </span>
        </div>
      ))}
    </section>
  )
}
