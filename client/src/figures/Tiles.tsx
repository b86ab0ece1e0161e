import type { FigureSet } from '../api/types'
import { formatShort } from '../lib/format'
import { acceptance, calls, costs, firstWords, kept, type Told } from './words'

function tokens({ tokens: { prompt, completion } }: FigureSet): Told {
  const of = `${formatShort(prompt)} in prompts, ${formatShort(completion)} in answers`
  return { value: formatShort(prompt + completion), of }
}

/** The whole range in five figures. */
export function Tiles({ total }: { total: FigureSet }) {
  const tiles: [string, Told][] = [
    ['Accepted', acceptance(total)],
    ['Kept', kept(total)],
    ['First words', firstWords(total)],
    ['Tokens', tokens(total)],
    ['Cost', { value: costs(total), of: calls(total) }],
  ]
  return (
    <dl className="tiles">
      {tiles.map(([name, { value, of }]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{value ?? '–'}</strong>
            <span>{of}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}
