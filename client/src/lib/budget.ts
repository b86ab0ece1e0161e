import type { Gauge } from '../api/types'
import { formatAmount, formatPercent } from './format'

/** From this share of a limit on, people are told before they ask. */
const worthTelling = 0.8

const whose = ({ personal }: Gauge) => (personal ? 'your share of the budget' : 'this workspace’s budget')
const period = ({ unit }: Gauge) => (unit === 'tokens' ? 'today' : 'this month')

/** What to say of a budget before somebody asks: nothing while there is plenty. */
export function budgetNote(gauges: readonly Gauge[]): { tone: 'quiet' | 'problem'; text: string } | null {
  const spent = gauges.find((gauge) => gauge.spent !== null)
  if (spent?.spent) return { tone: 'problem', text: spent.spent }
  const fullest = [...gauges].sort((a, b) => b.used / b.limit - a.used / a.limit)[0]
  if (fullest === undefined || fullest.used < worthTelling * fullest.limit) return null
  const left = formatAmount(fullest.limit - fullest.used, fullest)
  return {
    tone: 'quiet',
    text: `${formatPercent(fullest.used / fullest.limit)} of ${whose(fullest)} for ${period(fullest)} is used; ${left} are left.`,
  }
}
