import type { Figures } from '../api/types'
import { formatMoney, formatPercent, formatSeconds, formatShort } from '../lib/format'
import { Plot } from './Plot'
import { longDay, shortDay } from './range'

const percentMark = (share: number) => (share === 0 ? '0 %' : formatPercent(share))

/** What stands in place of a plot of nothing. */
function NoPlot({ title, children }: { title: string; children: string }) {
  return (
    <section className="plot plot-none">
      <h3>{title}</h3>
      <p>{children}</p>
    </section>
  )
}

/** The range as it went, a point for each day or week. */
export function Plots({ figures: { series, step, total, collects } }: { figures: Figures }) {
  const points = series.map(({ begins }) => ({
    short: shortDay(begins),
    long: step === 'day' ? longDay(begins) : `Week of ${longDay(begins)}`,
  }))
  const over = step === 'day' ? 'A bar for each day' : 'A bar for each week'
  const line = step === 'day' ? 'A point for each day' : 'A point for each week'
  const decided = total.decisions.accepted + total.decisions.rejected
  const measured = total.kept.quiet.count + total.kept.after_30s.count + total.kept.after_10min.count > 0
  return (
    <div className="plots">
      {decided === 0 ? (
        <NoPlot title="Decisions">Nothing was accepted or rejected in this time.</NoPlot>
      ) : (
        <Plot
          title="Decisions"
          about={`${over}: ${total.decisions.accepted} accepted and ${total.decisions.rejected} rejected in all.`}
          points={points}
          marks="bars"
          whole
          series={[
            { name: 'accepted', look: 'first', values: series.map(({ decisions }) => decisions.accepted) },
            { name: 'rejected', look: 'second', values: series.map(({ decisions }) => decisions.rejected) },
          ]}
          format={formatShort}
        />
      )}
      {measured ? (
        <Plot
          title="Kept of what was accepted"
          about={`${line}: the mean share of an accepted text that is still there.`}
          points={points}
          marks="lines"
          most={1}
          series={[
            { name: 'once it is quiet', look: 'third', values: series.map(({ kept }) => kept.quiet.rate) },
            { name: 'after 30 seconds', look: 'second', values: series.map(({ kept }) => kept.after_30s.rate) },
            { name: 'after 10 minutes', look: 'first', values: series.map(({ kept }) => kept.after_10min.rate) },
          ]}
          format={percentMark}
        />
      ) : (
        <NoPlot title="Kept of what was accepted">
          {collects
            ? 'No accepted text was looked at again in this time. It is, ten seconds to ten minutes after it was accepted.'
            : 'This is measured only while decisions are recorded, which is switched off here.'}
        </NoPlot>
      )}
      <Plot
        title="Time to the first words"
        about={`${line}: what half of the answers, and 19 of 20, begin within.`}
        points={points}
        marks="lines"
        series={[
          { name: '19 of 20', look: 'second', values: series.map(({ first_token }) => first_token.p95) },
          { name: 'half', look: 'first', values: series.map(({ first_token }) => first_token.p50) },
        ]}
        format={(seconds) => (seconds === 0 ? '0 s' : formatSeconds(seconds))}
      />
      <Plot
        title="Tokens"
        about={`${over}: ${formatShort(total.tokens.prompt)} in prompts and ${formatShort(total.tokens.completion)} in answers in all.`}
        points={points}
        marks="bars"
        whole
        series={[
          { name: 'prompts', look: 'first', values: series.map(({ tokens }) => tokens.prompt) },
          { name: 'answers', look: 'second', values: series.map(({ tokens }) => tokens.completion) },
        ]}
        format={formatShort}
      />
      {total.cost.map(({ currency, amount }) => (
        <Plot
          key={currency}
          title={`Cost in ${currency}`}
          about={`${over}: ${formatMoney(amount, currency)} in all.`}
          points={points}
          marks="bars"
          series={[
            {
              name: 'cost',
              look: 'first',
              values: series.map(({ cost }) => cost.find((one) => one.currency === currency)?.amount ?? 0),
            },
          ]}
          format={(value) => formatMoney(value, currency)}
        />
      ))}
    </div>
  )
}
