import type { Figures } from '../api/types'
import { formatPercent, formatSeconds, formatShort } from '../lib/format'
import { useRole } from '../workspace/context'
import { acceptance, costs, dimensions, groupName } from './words'

/** The same figures for each kind, model, language or person. */
export function Groups({ figures: { by, groups } }: { figures: Figures }) {
  const { isOwner } = useRole()
  const title = dimensions.find(([value]) => value === by)?.[1] ?? ''
  return (
    <section className="groups" aria-labelledby="groups-title">
      <h2 id="groups-title">{title}</h2>
      {by === 'person' && !isOwner ? (
        <p className="quiet">
          You see yourself here. Owners see everybody, since somebody has to look after the costs.
        </p>
      ) : null}
      {groups.length === 0 ? (
        <p>There is nothing to tell apart.</p>
      ) : (
        <div className="table-scroller" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col" />
                <th scope="col">Accepted</th>
                <th scope="col">Kept after 10 min</th>
                <th scope="col">First words</th>
                <th scope="col">Requests</th>
                <th scope="col">Tokens</th>
                <th scope="col">Cost</th>
              </tr>
            </thead>
            <tbody>
              {groups.map((group) => {
                const { value, of } = acceptance(group)
                const { kept, first_token, calls, tokens, decisions } = group
                return (
                  <tr key={group.key}>
                    <th scope="row">{groupName(by, group)}</th>
                    <td>
                      {value === null ? (
                        '–'
                      ) : (
                        <span title={of}>
                          <meter className="share" min={0} max={1} value={decisions.acceptance ?? 0} aria-hidden />
                          {value}
                          {decisions.accepted + decisions.rejected < 5 ? null : (
                            <small> of {decisions.accepted + decisions.rejected}</small>
                          )}
                        </span>
                      )}
                    </td>
                    <td>
                      {kept.after_10min.rate === null ? '–' : formatPercent(kept.after_10min.rate)}
                      {kept.after_10min.count === 0 ? null : <small> of {kept.after_10min.count}</small>}
                    </td>
                    <td>{first_token.p50 === null ? '–' : formatSeconds(first_token.p50)}</td>
                    <td>{calls.count}</td>
                    <td>{formatShort(tokens.prompt + tokens.completion)}</td>
                    <td>{costs(group) ?? '–'}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
