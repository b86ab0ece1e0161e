import { type SyntheticEvent, useState } from 'react'
import type { Budget } from '../api/types'
import { formatCount, formatMoney, formatPercent } from '../lib/format'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from './context'

const typed = (value: number | null, factor = 1) =>
  value === null ? '' : String(Math.round(value * factor * 1e6) / 1e6)
const numberOf = (text: string) => (text.trim() === '' ? null : Number(text))

function inWords({ tokens_per_day: tokens, money_per_month: money, currency, share }: Budget): string {
  const limits = [
    ...(tokens === null ? [] : [`${formatCount(tokens)} tokens a day`]),
    ...(money === null ? [] : [`${formatMoney(money, currency)} a month`]),
  ]
  if (limits.length === 0) return 'The assistant may be asked without limit.'
  const alone = share === null || share === 1 ? '' : ` One person may use ${formatPercent(share)} of it.`
  return `The assistant may use ${limits.join(' and ')}.${alone}`
}

/** What the workspace may spend on models. Everybody reads it; owners set it. */
export function BudgetForm() {
  const session = useWorkspace()
  const { isOwner } = useRole()
  const { budget } = useStore(session.summary)
  const [tokens, setTokens] = useState(typed(budget.tokens_per_day))
  const [money, setMoney] = useState(typed(budget.money_per_month))
  const [currency, setCurrency] = useState(budget.currency)
  const [share, setShare] = useState(typed(budget.share, 100))

  const save = async () => {
    await session.api.change({
      budget: {
        tokens_per_day: numberOf(tokens),
        money_per_month: numberOf(money),
        currency: currency.toUpperCase(),
        share: share.trim() === '' ? null : Number(share) / 100,
      },
    })
    await session.loadBudget()
    tell('The budget is set')
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    void attempt('The budget was not set', save)
  }
  return (
    <section className="stack">
      <h3>What the assistant may use</h3>
      {isOwner ? (
        <form className="stack budget-form" onSubmit={submit}>
          <p>Empty is without limit. Days and months are those of UTC; the built-in assistant costs nothing.</p>
          <div className="row">
            <label className="field">
              Tokens a day
              <input
                type="number"
                min={0}
                step={1}
                value={tokens}
                onChange={(event) => setTokens(event.target.value)}
              />
            </label>
            <label className="field">
              One person’s share, %
              <input
                type="number"
                min={1}
                max={100}
                step={1}
                value={share}
                onChange={(event) => setShare(event.target.value)}
              />
            </label>
          </div>
          <div className="row">
            <label className="field">
              Money a month
              <input
                type="number"
                min={0}
                step="any"
                value={money}
                onChange={(event) => setMoney(event.target.value)}
              />
            </label>
            <label className="field">
              Currency
              <input
                value={currency}
                required
                maxLength={3}
                pattern="[A-Za-z]{3}"
                title="Three letters, such as USD or EUR"
                onChange={(event) => setCurrency(event.target.value)}
              />
            </label>
          </div>
          <Button small type="submit">
            Set the budget
          </Button>
        </form>
      ) : (
        <p>{inWords(budget)}</p>
      )}
    </section>
  )
}
