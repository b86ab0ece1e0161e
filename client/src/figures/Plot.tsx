import { useId } from 'react'
import { labelled, ticks } from './scale'
import { Bars, Lines, Swatch } from './marks'
import { useWidth } from './useWidth'

/** Told apart by shape as well as by colour. */
export type Look = 'first' | 'second' | 'third'

export interface Series {
  name: string
  look: Look
  /** Null where nothing is known. */
  values: readonly (number | null)[]
}

interface PlotProps {
  title: string
  /** What is drawn, in a sentence. */
  about: string
  /** Of each point: a word below it, and the whole name. */
  points: readonly { short: string; long: string }[]
  /** Bars are put on top of each other. */
  marks: 'bars' | 'lines'
  series: readonly Series[]
  /** The upper end, where it is always the same. */
  most?: number
  /** Whether only whole numbers make sense. */
  whole?: boolean
  format: (value: number) => string
}

const height = 176
const edge = { top: 8, right: 24, bottom: 24, left: 56 }

/** Values over time, drawn; and the same as a table. */
export function Plot({ title, about, points, marks, series, most, whole = false, format }: PlotProps) {
  const hatch = useId()
  const [place, width] = useWidth()
  const sums = points.map((_, index) => {
    const values = series.map(({ values }) => values[index] ?? 0)
    return marks === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values)
  })
  const rungs = ticks(most ?? Math.max(0, ...sums), whole)
  const top = rungs.at(-1) ?? 1
  const inner = { width: Math.max(0, width - edge.left - edge.right), height: height - edge.top - edge.bottom }
  const step = inner.width / Math.max(1, points.length)
  const x = (index: number) => edge.left + step * (index + 0.5)
  const y = (value: number) => edge.top + inner.height * (1 - value / top)
  const words = labelled(points.length, inner.width, 60)
  const inWords = (value: number | null = null) => (value === null ? '–' : format(value))
  const told = (index: number) => series.map(({ name, values }) => `${name} ${inWords(values[index])}`).join(', ')
  return (
    <figure className="plot">
      <figcaption>
        <h3>{title}</h3>
        <ul className="legend">
          {series.map(({ name, look }) => (
            <li key={name}>
              <Swatch look={look} marks={marks} hatch={hatch} /> {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} className="plot-place">
        <svg width={width} height={height} role="img" aria-label={`${title}. ${about}`}>
          <defs>
            <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect className="hatch-ground" width="5" height="5" />
              <rect className="hatch-line" width="2.5" height="5" />
            </pattern>
          </defs>
          {rungs.map((value) => (
            <g key={value}>
              <line className="rung" x1={edge.left} x2={width - edge.right} y1={y(value)} y2={y(value)} />
              <text className="rung-text" x={edge.left - 8} y={y(value) + 4}>
                {format(value)}
              </text>
            </g>
          ))}
          {points.map(({ short }, index) =>
            words.has(index) ? (
              <text key={index} className="step-text" x={x(index)} y={height - 6}>
                {short}
              </text>
            ) : null,
          )}
          {marks === 'bars' ? (
            <Bars series={series} x={x} y={y} width={step} hatch={hatch} />
          ) : (
            <Lines series={series} x={x} y={y} />
          )}
          {points.map(({ long }, index) => (
            <rect key={index} className="step" x={x(index) - step / 2} y={edge.top} width={step} height={inner.height}>
              <title>{`${long}: ${told(index)}`}</title>
            </rect>
          ))}
        </svg>
      </div>
      <details className="plot-table">
        <summary>As a table</summary>
        <div className="table-scroller" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map(({ long }, index) => (
                <tr key={index}>
                  <th scope="row">{long}</th>
                  {series.map(({ name, values }) => (
                    <td key={name}>{inWords(values[index])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}
