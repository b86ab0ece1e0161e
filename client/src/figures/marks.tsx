import type { Look, Series } from './Plot'
import { runs } from './scale'

interface MarksProps {
  series: readonly Series[]
  x: (index: number) => number
  y: (value: number) => number
}

const filled = (look: Look, hatch: string) => (look === 'second' ? { fill: `url(#${hatch})` } : {})

export function Bars({ series, x, y, width, hatch }: MarksProps & { width: number; hatch: string }) {
  const thick = Math.min(32, Math.max(1, width * 0.7))
  const below: number[] = []
  return series.map(({ name, look, values }) => (
    <g key={name} className="bars" data-look={look}>
      {values.map((value, index) => {
        if (value === null || value === 0) return null
        const from = below[index] ?? 0
        below[index] = from + value
        const top = y(from + value)
        return (
          <rect
            key={index}
            x={x(index) - thick / 2}
            y={top}
            width={thick}
            height={y(from) - top}
            {...filled(look, hatch)}
          />
        )
      })}
    </g>
  ))
}

/** More points than these are too close for a sign on each. */
const mostSigns = 45

export function Lines({ series, x, y }: MarksProps) {
  return series.map(({ name, look, values }) => {
    const signs = values.filter((value) => value !== null).length <= mostSigns
    return (
      <g key={name} className="lines" data-look={look}>
        {runs(values).map((run) => (
          <polyline key={run[0]} points={run.map((index) => `${x(index)},${y(values[index] ?? 0)}`).join(' ')} />
        ))}
        {values.map((value, index) => {
          const alone = value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null
          return value !== null && (signs || alone) ? <Sign key={index} look={look} x={x(index)} y={y(value)} /> : null
        })}
      </g>
    )
  })
}

function Sign({ look, x, y }: { look: Look; x: number; y: number }) {
  switch (look) {
    case 'first':
      return <circle cx={x} cy={y} r={3} />
    case 'second':
      return <rect x={x - 3} y={y - 3} width={6} height={6} />
    case 'third':
      return <path d={`M${x} ${y - 4} L${x + 4} ${y + 3} L${x - 4} ${y + 3} Z`} />
  }
}

export function Swatch({ look, marks, hatch }: { look: Look; marks: 'bars' | 'lines'; hatch: string }) {
  return (
    <svg width={20} height={12} aria-hidden className="swatch">
      {marks === 'bars' ? (
        <g className="bars" data-look={look}>
          <rect x={4} width={12} height={12} {...filled(look, hatch)} />
        </g>
      ) : (
        <g className="lines" data-look={look}>
          <polyline points="0,6 20,6" />
          <Sign look={look} x={10} y={6} />
        </g>
      )}
    </svg>
  )
}
