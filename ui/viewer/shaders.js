// GLSL ES 3.00. Film textures hold unsigned integers, so all filtering is done here, on the film's own grey values.

export const VERTEX = `#version 300 es
void main() {  // one triangle that covers the viewport
  gl_Position = vec4(vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0), 0.0, 1.0);
}`;

// Halves a level: each texel is the rounded mean of four.
export const SHRINK = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D level;
out uint mean;
void main() {
  ivec2 last = textureSize(level, 0) - 1;
  ivec2 at = ivec2(gl_FragCoord.xy) * 2;
  uint sum = 2u;
  for (int i = 0; i < 4; i++) sum += texelFetch(level, min(at + ivec2(i & 1, i >> 1), last), 0).r;
  mean = sum / 4u;
}`;

// The windowed film at the size of a pane: grey 0..1, upper row first.
export const FILM = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D fine;      // pyramid level at or above the screen's resolution
uniform usampler2D coarse;    // the next one
uniform vec2 texels;          // film pixels per texel of fine and coarse
uniform float blend;          // 0 = fine only, 1 = coarse only
uniform vec2 origin;          // film position of the pane's upper left corner
uniform vec2 across;          // film vector of one device pixel to the right
uniform vec2 downward;        // and down
uniform vec2 filmSize;
uniform vec2 window;          // grey values shown black and white
uniform bool inverted;
out vec4 shown;

float grey(usampler2D level, vec2 film, float texel) {
  ivec2 last = textureSize(level, 0) - 1;
  vec2 at = film / texel - 0.5;
  ivec2 base = ivec2(floor(at));
  vec2 part = at - vec2(base);
  ivec2 low = clamp(base, ivec2(0), last);
  ivec2 high = clamp(base + 1, ivec2(0), last);
  float upper = mix(float(texelFetch(level, low, 0).r), float(texelFetch(level, ivec2(high.x, low.y), 0).r), part.x);
  float lower = mix(float(texelFetch(level, ivec2(low.x, high.y), 0).r), float(texelFetch(level, high, 0).r), part.x);
  return mix(upper, lower, part.y);
}

void main() {
  vec2 film = origin + gl_FragCoord.x * across + gl_FragCoord.y * downward;
  if (any(lessThan(film, vec2(0.0))) || any(greaterThanEqual(film, filmSize))) {
    shown = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  float value = grey(fine, film, texels.x);
  if (blend > 0.0) value = mix(value, grey(coarse, film, texels.y), blend);
  float share = clamp((value - window.x) / (window.y - window.x), 0.0, 1.0);
  shown = vec4(vec3(inverted ? 1.0 - share : share), 1.0);
}`;
