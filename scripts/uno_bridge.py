"""What scripts that run inside LibreOffice's own Python share: the connection, options, the width of texts."""

import time

import uno
from com.sun.star.awt import FontDescriptor
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException


def option(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def connect(pipe):
    """The context of the LibreOffice that listens at a pipe, waiting for it for a minute."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(600):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.1)
    raise SystemExit("LibreOffice does not answer")


class Ruler:
    """Measures texts as they would stand on a screen, in hundredths of a millimetre."""

    FINE = 16  # measured that much larger, so that whole pixels do not matter

    def __init__(self, context):
        toolkit = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
        self.device = toolkit.createScreenCompatibleDevice(1, 1)
        self.pixel = 100000 / self.device.Info.PixelPerMeterX
        self.point = 2540 / 72 / self.pixel  # in pixels, as a font's height is given
        self.fonts, self.widths = {}, {}

    def width(self, cell):
        return self.text_width(cell.getString(), (cell.CharFontName, cell.CharHeight, cell.CharWeight))

    def text_width(self, text, font):
        """The width of a text in a font of that name, height and weight."""
        if (text, font) not in self.widths:
            self.widths[text, font] = self._font(font).getStringWidth(text) * self.pixel / self.FINE
        return self.widths[text, font]

    def _font(self, key):
        if key not in self.fonts:
            wanted = FontDescriptor()
            wanted.Name, wanted.Height, wanted.Weight = key[0], round(key[1] * self.point * self.FINE), key[2]
            self.fonts[key] = self.device.getFont(wanted)
        return self.fonts[key]
