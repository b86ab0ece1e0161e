/**
 * The address of a picture that is an SVG. Unlike one of a blob it belongs to no origin: nothing could run in ours, even
 * where somebody opens the picture on its own.
 */
export const svgUrl = (svg: string): string =>
  // Half a character has no place in an address.
  `data:image/svg+xml,${encodeURIComponent(svg.replace(/\p{Surrogate}/gu, '\uFFFD'))}`
