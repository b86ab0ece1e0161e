/** How large something is shown, 1 for as it is. */
const steps = [0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6, 8]

export const largest = 8

/** The next step from any size, up or down; the last one where there is none. */
export function nextZoom(zoom: number, direction: 1 | -1): number {
  const found = direction > 0 ? steps.find((step) => step > zoom * 1.01) : steps.findLast((step) => step < zoom * 0.99)
  return found ?? (direction > 0 ? largest : 0.1)
}

export const written = (zoom: number): string => `${Math.round(zoom * 100)} %`
