// How sounds look: what each shape is, scales, and who has which. Which hue and shape a group has comes with the data, as
// every picture of the map has the same. Draws on no page.

const NONE = "none" // of no group, of no domain, without a value
// viridis at 16 places (van der Walt and Smith 2015, CC0): even steps of lightness, for every eye
const SCALE = ["#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e", "#1f988b", "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725"]

const SHOWN = { // name, unit, whether equal ratios should look equal
  brightness_hz: ["Brightness", "Hz", true],
  loudness_lufs: ["Loudness", "LUFS", false],
  pitch_hz: ["Pitch", "Hz", true],
  duration_s: ["Duration", "s", true],
  tempo_bpm: ["Tempo", "bpm", false],
  noisiness: ["Noisiness", "", false],
}

const named = (key) => SHOWN[key] || [key.replace(/_/g, " "), "", false]

const seconds = (s) => (s < 10 ? `${s.toFixed(1)} s` : s < 60 ? `${Math.round(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s` : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`)

const measured = (value, unit) => `${Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)}${unit ? ` ${unit}` : ""}`

const plural = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`

// A group as it is told: its number, which commands and the chat ask for, and its title. A group without a title is its number.
const numbered = (data, number, between = " · ") => (data.titles[number] ? `${number}${between}${data.titles[number]}` : `Group ${number}`)

// Corners of shapes of about the area of a circle of radius 1, by their names in Matplotlib; "o" is the circle itself.
const round = (n, radius) => Array.from({ length: n }, (_, i) => [radius(i) * Math.sin((2 * Math.PI * i) / n), -radius(i) * Math.cos((2 * Math.PI * i) / n)])
const turned = (corners, turn) => corners.map(([x, y]) => [x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)])
const UP = [[0, -1.25], [1.15, 0.8], [-1.15, 0.8]]
const PLUS = [[-0.42, -1.22], [0.42, -1.22], [0.42, -0.42], [1.22, -0.42], [1.22, 0.42], [0.42, 0.42], [0.42, 1.22], [-0.42, 1.22], [-0.42, 0.42], [-1.22, 0.42], [-1.22, -0.42], [-0.42, -0.42]]
const CORNERS = {
  "s": [[-0.88, -0.88], [0.88, -0.88], [0.88, 0.88], [-0.88, 0.88]],
  "^": UP,
  "D": [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]],
  "P": PLUS,
  "v": turned(UP, Math.PI),
  "X": turned(PLUS, Math.PI / 4),
  "*": round(10, (i) => (i % 2 ? 0.62 : 1.55)),
  "<": turned(UP, -Math.PI / 2),
  ">": turned(UP, Math.PI / 2),
  "p": round(5, () => 1.15),
  "h": round(6, () => 1.1),
  "d": [[0, -1.5], [0.8, 0], [0, 1.5], [-0.8, 0]],
}

// The path of a shape around (x, y), as large as a circle of radius r.
function trace(pen, shape, x, y, r) {
  pen.beginPath()
  if (!CORNERS[shape]) return pen.arc(x, y, r, 0, 7)
  for (const [dx, dy] of CORNERS[shape]) pen.lineTo(x + dx * r, y + dy * r)
  pen.closePath()
}

// A mark as the map draws it. style: {hue, shape}, a hue of the theme's by its number or a colour; colours: the theme's.
function stamp(pen, style, x, y, r, colours) {
  trace(pen, style.shape, x, y, r)
  if (style.hue === NONE) {
    pen.strokeStyle = colours.soft
    pen.lineWidth = Math.max(0.8, r * 0.28)
    return pen.stroke()
  }
  pen.fillStyle = colours.hues[style.hue] || style.hue
  pen.fill()
  pen.lineJoin = "round"
  pen.lineWidth = Math.max(0.5, r * 0.16)
  pen.strokeStyle = colours.edge
  pen.stroke()
}

const styled = (mark) => (mark ? { hue: mark[0], shape: mark[1] } : { hue: NONE, shape: "o" })

// A way to colour the sounds: {styles, of (a style for each sound), entries (the legend) or range}.
function byCluster(data) {
  const sizes = new Map()
  data.clusters.forEach((cluster) => cluster && sizes.set(cluster, (sizes.get(cluster) || 0) + 1))
  const numbers = [...sizes.keys()].sort((a, b) => a - b)
  const entries = numbers.map((number) => ({ title: numbered(data, number), size: sizes.get(number), number }))
  const rest = data.clusters.filter((cluster) => !cluster).length
  if (rest) entries.push({ title: "in no group", size: rest, number: 0 })
  const styles = entries.map((entry) => styled(data.looks.groups[entry.number]))
  const at = new Map(entries.map((entry, place) => [entry.number, place]))
  return { kind: "cluster", styles, of: data.clusters.map((cluster) => at.get(cluster)), entries }
}

function byDomain(data) {
  const order = Object.keys(data.looks.domains)
  const sizes = new Map()
  data.domains.forEach((domain) => sizes.set(domain, (sizes.get(domain) || 0) + 1))
  const found = [...sizes.keys()].sort((a, b) => !a - !b || order.indexOf(a) - order.indexOf(b))
  const entries = found.map((domain) => ({ title: domain || "not sure", size: sizes.get(domain) }))
  const styles = found.map((domain) => styled(data.looks.domains[domain]))
  const at = new Map(found.map((domain, place) => [domain, place]))
  return { kind: "domain", styles, of: data.domains.map((domain) => at.get(domain)), entries }
}

function byDescriptor(data, key) {
  const [title, unit, ratios] = named(key)
  const values = data.descriptors[key]
  const scaled = values.map((value) => (value === null || (ratios && value <= 0) ? null : ratios ? Math.log(value) : value))
  const known = scaled.filter((value) => value !== null).sort((a, b) => a - b)
  const at = (share) => known[Math.min(known.length - 1, Math.floor(share * known.length))] ?? 0
  const [low, high] = [at(0.02), at(0.98)] // a few extremes would leave one colour for the rest
  const styles = [...SCALE.map((hue) => ({ hue, shape: "o" })), { hue: NONE, shape: "o" }]
  const place = (value) => (value === null ? SCALE.length : Math.max(0, Math.min(SCALE.length - 1, Math.floor(((value - low) / (high - low || 1)) * SCALE.length))))
  const told = [low, (low + high) / 2, high].map((value) => measured(ratios ? Math.exp(value) : value, unit))
  return { kind: "descriptor", title, styles, of: scaled.map(place), told, without: values.length - known.length }
}

// Where each cluster is densest: from the medians, a few steps of mean shift among its own.
function middles(data) {
  const members = new Map()
  data.clusters.forEach((cluster, i) => cluster && (members.get(cluster) || members.set(cluster, []).get(cluster)).push(i))
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
  const found = new Map()
  members.forEach((inside, cluster) => {
    let [x, y] = [median(inside.map((i) => data.x[i])), median(inside.map((i) => data.y[i]))]
    for (const reach of [0.2, 0.1, 0.07, 0.07]) {
      const near = inside.filter((i) => Math.hypot(data.x[i] - x, data.y[i] - y) < reach)
      if (!near.length) continue
      x = near.reduce((sum, i) => sum + data.x[i], 0) / near.length
      y = near.reduce((sum, i) => sum + data.y[i], 0) / near.length
    }
    found.set(cluster, { x, y, size: inside.length })
  })
  return found
}
