/** Every colour that the canvas uses. The page's own are in `styles/`. */

export const FLOOR = '#0a101c';
/** Beyond the arena's border. */
export const OUTSIDE = '#0b121d';
/** What covers a tall screen beside the view. */
export const FOG = '#05070c';
export const GRID_MINOR = 'rgba(126, 164, 214, 0.07)';
export const GRID_MAJOR = 'rgba(126, 164, 214, 0.19)';
export const GRID_NODE = 'rgba(170, 205, 245, 0.32)';
export const DUST = '#a9c4e8';

export const WALL_FACE = '#1b273a';
export const WALL_FACE_LINE = 'rgba(120, 158, 210, 0.07)';
export const WALL_EDGE_HIGH = '#a8c8f0';
export const WALL_EDGE_LOW = '#3d5577';
export const WALL_GLOW = 'rgba(96, 148, 220, 0.55)';
export const WALL_SHADOW = 'rgba(0, 0, 0, 0.5)';

export const SHARD = '#ffd76a';
export const SHARD_LIGHT = '#fff6d8';
export const SHARD_DEEP = '#d6892e';
export const CROWN = '#ffcf4d';
export const CROWN_DEEP = '#b36b13';

export const HEALTH_GOOD = '#7dffb2';
export const HEALTH_LOW = '#ff5b54';
export const HEALTH_BACK = 'rgba(8, 12, 20, 0.6)';
/** The mark of a player whose connection is lost. */
export const LINK_DEAD = '#ffb86b';
export const LABEL = '#dfe9f8';
export const LABEL_OWN = '#ffffff';
export const LABEL_SHADE = 'rgba(4, 7, 13, 0.85)';

/** The hue of each look. Index is the look that a player record carries. */
export const LOOKS: readonly string[] = [
  '#46e0ff',
  '#ff6a5c',
  '#b4ff57',
  '#ff94ea',
  '#7f90ff',
  '#ffa83f',
  '#38ffae',
  '#ff5a9d',
  '#f2ff74',
  '#b988ff',
  '#54b4ff',
  '#ff8f66',
  '#8dffdc',
  '#ee74ff',
  '#cfdaff',
  '#d4ff45',
];

export function lookColour(look: number): string {
  return LOOKS[look % LOOKS.length] ?? '#ffffff';
}

/** A colour of the table with another opacity. */
export function withAlpha(hex: string, alpha: number): string {
  const value = Number.parseInt(hex.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${alpha})`;
}

/** A colour mixed with black (`share` below 0) or white (above 0). */
export function shade(hex: string, share: number): string {
  const value = Number.parseInt(hex.slice(1), 16);
  const target = share < 0 ? 0 : 255;
  const amount = Math.abs(share);
  const mix = (part: number): number => Math.round(part + (target - part) * amount);
  return `rgb(${mix(value >> 16)}, ${mix((value >> 8) & 255)}, ${mix(value & 255)})`;
}
