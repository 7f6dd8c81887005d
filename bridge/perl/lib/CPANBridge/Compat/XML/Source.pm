package CPANBridge::Compat::XML::Source;

# The bytes of one document or entity as the parser got them, from which places in it are told. Positions are counted
# in bytes, as expat does; what lies too far back is forgotten.
use 5.014;
use strict;
use warnings;

use Encode ();

our $VERSION = '0.1.0';

# Bytes kept before the place where the parser is: what a message may show.
my $BEHIND = 1024;

# What expat knows by itself.
my $BUILT_IN = qr/\A(?:utf-?8|utf-16(?:le|be)?|iso-8859-1|us-ascii)\z/i;

sub new {
    my ( $class, $encoding ) = @_;
    return bless {
        text     => '',
        start    => 0,            # position of the first byte that is kept
        line     => 1,            # where that byte is
        column   => 0,
        given    => $encoding,    # what the caller says
        encoding => $encoding,    # the same, or what the document says
        decoder  => undef,        # where expat does not know the encoding and gets UTF-8 instead
        rest     => '',           # bytes that are no whole character yet, or no whole declaration
        begun    => 0,
        declared => undef,
    }, $class;
}

# The same with a whole document in UTF-8.
sub whole {
    my ( $class, $bytes ) = @_;
    return bless { text => $bytes, start => 0, line => 1, column => 0, encoding => 'UTF-8', begun => 1 }, $class;
}

# Takes the next bytes and returns those for the parser. An entity's declaration then says what it gets.
sub take {
    my ( $self, $bytes, $final, $is_entity ) = @_;
    $bytes = '' if !defined $bytes;
    utf8::encode($bytes) if utf8::is_utf8($bytes);    # characters have no encoding; UTF-8 is what carries all of them
    if ( !$self->{begun} ) {
        $bytes = $self->{rest} . $bytes;
        $self->{rest} = '';
        if ( !$final && length $bytes < 1024 && $bytes =~ /\A(?:<\?xml\s(?!.*?\?>)|<?\??x?m?l?\z)/s ) {
            $self->{rest} = $bytes;
            return '';
        }
        $self->{begun} = 1;
        $self->_find_encoding($bytes);
    }
    if ( $self->{decoder} ) {
        $self->{rest} .= $bytes;
        my $text = $self->{decoder}->decode( $self->{rest}, Encode::FB_QUIET() );
        if ( length $self->{rest} > 8 || $final && length $self->{rest} ) {
            die sprintf "byte 0x%02x does not belong to encoding %s\n", ord $self->{rest}, $self->{encoding};
        }
        $text =~ s/\A(<\?xml\s[^>]*?encoding\s*=\s*)(["'])[^"']+\2/$1$2utf-8$2/ if $is_entity;
        utf8::encode($text);
        $bytes = $text;
    }
    $self->{text} .= $bytes;
    return $bytes;
}

sub _find_encoding {
    my ( $self, $bytes ) = @_;
    my ($declared) = $bytes =~ /\A<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/;
    $self->{declared} = $declared;
    my $name = $self->{encoding};
    if ( !defined $name ) {
        $name = $bytes =~ /\A(?:\xfe\xff|\xff\xfe|\0<|<\0)/ ? 'UTF-16' : defined $declared ? $declared : 'UTF-8';
    }
    $self->{encoding} = $name;
    return if $name =~ $BUILT_IN;
    $self->{decoder} = find_encoding($name);
    return;
}

# The encoding that expat is told, instead of what the document says.
sub protocol { return $_[0]{decoder} ? 'UTF-8' : undef }

# Whether the parser gets every byte as it comes, in an encoding whose ASCII is ASCII.
sub is_bytewise { my ($self) = @_; return $self->{begun} && !$self->{decoder} && $self->{encoding} !~ /\Autf-16/i ? 1 : 0 }

# Whether the parser must be told an encoding, for that or any other reason.
sub is_told { return defined $_[0]{decoder} || defined $_[0]{given} }

sub find_encoding {
    my ($name) = @_;
    $name = 'cp932'  if $name =~ /\Ax-sjis-(?:unicode|cp932|jdk117|jisx0221)\z/i;
    $name = 'euc-jp' if $name =~ /\Ax-euc-jp-(?:unicode|jisx0221)\z/i;
    return Encode::find_encoding($name);
}

# The encoding of what is kept.
sub _kept {
    my ($self) = @_;
    return 'UTF-8' if $self->{decoder} || !defined $self->{encoding};
    return $self->{encoding} if $self->{encoding} !~ /\Autf-16\z/i;
    return $self->{utf16} ||= $self->{start} == 0 && $self->{text} =~ /\A(?:\xff\xfe|<\0)/ ? 'UTF-16LE' : 'UTF-16BE';
}

sub _decoded {
    my ( $self, $bytes ) = @_;
    return Encode::decode( $self->_kept, $bytes, sub { "\x{fffd}" } );
}

sub _slice {
    my ( $self, $from, $to ) = @_;
    $from -= $self->{start};
    $to   -= $self->{start};
    $from = 0 if $from < 0;
    $to = length $self->{text} if $to > length $self->{text};
    return $to > $from ? substr $self->{text}, $from, $to - $from : '';
}

# How many bytes characters take.
sub span {
    my ( $self, $text ) = @_;
    return length $text if $text !~ /[^\0-\x7f]/ && $self->_kept =~ /\A(?:utf-?8|us-ascii|iso-8859-1)\z/i;
    return length Encode::encode( $self->_kept, $text );
}

sub recognized { my ( $self, $from, $to ) = @_; return $self->_decoded( $self->_slice( $from, $to ) ) }

sub original {
    my ( $self, $from, $to ) = @_;
    my $bytes = $self->_slice( $from, $to );
    return $bytes if !$self->{decoder};
    return $self->{decoder}->encode( Encode::decode( 'UTF-8', $bytes ) );
}

# Line, from 1, and column, from 0, of a position.
sub place {
    my ( $self, $position ) = @_;
    my $known = $self->{known};
    my ( $from, $line, $column ) =
      $known && $known->[0] <= $position ? @$known : @$self{qw(start line column)};
    my $text = $self->recognized( $from, $position );
    $text =~ s/\r\n?/\n/g if index( $text, "\r" ) >= 0;
    my $lines = $text =~ tr/\n//;
    $column = $lines ? length($text) - rindex( $text, "\n" ) - 1 : $column + length $text;
    $self->{known} = [ $position, $line + $lines, $column ];
    return ( $line + $lines, $column );
}

# The line of a position with some lines around it, and a line that points at the position.
sub context {
    my ( $self, $position, $lines ) = @_;
    my ( undef, $column ) = $self->place($position);
    my $before = $self->recognized( $self->{start}, $position );
    my $after  = $self->recognized( $position, $self->{start} + length $self->{text} );
    my ($front) = $before =~ /((?:[^\n]*\n){0,$lines}[^\n]*)\z/;
    my ( $rest, $below ) = $after =~ /\A([^\n]*)(?:\n|\z)((?:[^\n]+\n|\n|[^\n]+\z){0,$lines})/;
    $below .= "\n" if length $below && $below !~ /\n\z/;
    return $front . $rest . "\n" . '=' x ( $column > 1 ? $column - 1 : 0 ) . "^\n" . $below;
}

# Forgets what lies far before a position.
sub forget {
    my ( $self, $position ) = @_;
    my $count = $position - $self->{start} - $BEHIND;
    return if $count < 65_536;
    $count &= ~3;                                                                                 # UTF-16
    $count++ while ( substr( $self->{text}, $count, 1 ) & "\xc0" ) eq "\x80" && $count < length $self->{text};
    my $start = $self->{start} + $count;
    delete $self->{known} if $self->{known} && $self->{known}[0] > $start;
    $self->_kept;
    @$self{qw(line column)} = $self->place($start);
    substr( $self->{text}, 0, $count ) = '';
    $self->{start} = $start;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::Source - the bytes of an XML document, and places in them

=head1 DESCRIPTION

Used by our L<XML::Parser::Expat>; programs have no need of it. Positions are counted in bytes of what the parser got.
Documents in encodings that expat does not know are turned into UTF-8 before the parser gets them. What lies more than a
kilobyte before the parser's position may be forgotten.

=head1 FUNCTIONS

=head2 new

    my $source = CPANBridge::Compat::XML::Source->new($encoding);

The encoding overrides what the document says; it may be left out.

=head2 whole

    my $source = CPANBridge::Compat::XML::Source->whole($bytes);

A whole document in UTF-8, which the parser has got already.

=head2 take

    my $bytes = $source->take( $piece, $is_last, $is_entity );

Takes the next piece and returns what the parser is to get. Dies where bytes do not belong to the encoding.

=head2 protocol

The encoding that the parser must be told in place of the document's, or C<undef>.

=head2 is_bytewise

Whether the parser gets every byte as it comes, and ASCII in it is what it looks like.

=head2 is_told

Whether the parser must be told an encoding.

=head2 find_encoding

    my $encoding = CPANBridge::Compat::XML::Source::find_encoding($name);

An L<Encode> object, also for the names that XML::Parser's own maps have.

=head2 span

    my $bytes = $source->span($text);

How many bytes characters take where positions are counted.

=head2 recognized

The characters between two positions.

=head2 original

The bytes between two positions, in the document's encoding.

=head2 place

    my ( $line, $column ) = $source->place($position);

Lines count from 1, columns from 0.

=head2 context

    my $text = $source->context( $position, $lines );

The lines around a position, with one that points at it.

=head2 forget

Lets go of what lies far before a position.

=cut
