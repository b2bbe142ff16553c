// Redoc shows a logo that it fetches from its makers: they would learn who reads this documentation. It bears the
// absence of it, so it gets an empty image.
const own = (address) => (new URL(address, location.href).hostname === "cdn.redoc.ly" ? "data:," : address);
const image = HTMLImageElement.prototype;
const { setAttribute } = Element.prototype;
const src = Object.getOwnPropertyDescriptor(image, "src");

image.setAttribute = function (name, value) {
  setAttribute.call(this, name, name === "src" ? own(value) : value);
};
Object.defineProperty(image, "src", {
  ...src,
  set(value) {
    src.set.call(this, own(value));
  },
});
