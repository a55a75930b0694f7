// Draws a picture by WebGL2: the window is two numbers of a shader, so dragging it costs one pass.

const CORNERS = `#version 300 es
void main() {
  vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

const SHADES = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D picture;
uniform vec2 origin;
uniform float scale, height, low, width;
uniform bool inverted, square;
out vec4 colour;
float at(ivec2 place, ivec2 last) { return float(texelFetch(picture, clamp(place, ivec2(0), last), 0).r); }
float between(vec2 place, ivec2 last) {
  vec2 corner = floor(place - 0.5);
  vec2 share = place - 0.5 - corner;
  ivec2 at00 = ivec2(corner);
  float upper = mix(at(at00, last), at(at00 + ivec2(1, 0), last), share.x);
  float lower = mix(at(at00 + ivec2(0, 1), last), at(at00 + ivec2(1, 1), last), share.x);
  return mix(upper, lower, share.y);
}
void main() {
  ivec2 size = textureSize(picture, 0);
  vec2 place = (vec2(gl_FragCoord.x, height - gl_FragCoord.y) - origin) / scale;
  if (any(lessThan(place, vec2(0.0))) || any(greaterThanEqual(place, vec2(size)))) {
    colour = vec4(0.0);
    return;
  }
  float value = square ? at(ivec2(place), size - 1) : between(place, size - 1);
  float shown = clamp((value - low) / width, 0.0, 1.0);
  colour = vec4(vec3(inverted ? 1.0 - shown : shown), 1.0);
}`;

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const UNIFORMS = ["picture", "origin", "scale", "height", "low", "width", "inverted", "square"];

/** Return a painter of these levels on a canvas, or null where the machine has no graphics card to do it. */
export function gpuPainter(canvas, levels) {
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, preserveDrawingBuffer: true });
  if (gl === null || played(gl)) return null;
  const most = gl.getParameter(gl.MAX_TEXTURE_SIZE);
  if (Math.max(levels[0].rows, levels[0].columns) > most) return null;
  const program = linked(gl);
  if (program === null) return null;
  const place = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  const textures = levels.map((level) => textureOf(gl, level));
  gl.useProgram(program);
  return {
    name: "webgl2",
    lost: () => gl.isContextLost(),
    draw({ level, scale, x, y, low, width, inverted, square }) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.bindTexture(gl.TEXTURE_2D, textures[level]);
      gl.uniform1i(place.picture, 0);
      gl.uniform2f(place.origin, x, y);
      gl.uniform1f(place.scale, scale);
      gl.uniform1f(place.height, canvas.height);
      gl.uniform1f(place.low, low);
      gl.uniform1f(place.width, width);
      gl.uniform1i(place.inverted, inverted ? 1 : 0);
      gl.uniform1i(place.square, square ? 1 : 0);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    },
  };
}

/** Say whether a processor plays the graphics card: that is slower than to draw without WebGL. */
function played(gl) {
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  return told !== null && SOFTWARE.test(gl.getParameter(told.UNMASKED_RENDERER_WEBGL));
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, CORNERS], [gl.FRAGMENT_SHADER, SHADES]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

function textureOf(gl, { rows, columns, values }) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, columns, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, values);
  for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
    gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
  }
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
    gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  }
  return texture;
}
