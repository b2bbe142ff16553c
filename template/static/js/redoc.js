// Redoc loads a logo from its vendor's CDN, which would tell the vendor who reads this documentation. Replace it by an
// empty image: Redoc then shows none.
const withoutVendorLogo = (address) =>
  new URL(address, location.href).hostname === "cdn.redoc.ly" ? "data:," : address;
const image = HTMLImageElement.prototype;
const { setAttribute } = Element.prototype;
const src = Object.getOwnPropertyDescriptor(image, "src");

image.setAttribute = function (name, value) {
  setAttribute.call(this, name, name === "src" ? withoutVendorLogo(value) : value);
};
Object.defineProperty(image, "src", {
  ...src,
  set(value) {
    src.set.call(this, withoutVendorLogo(value));
  },
});
