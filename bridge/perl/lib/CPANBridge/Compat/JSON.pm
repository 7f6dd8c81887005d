package CPANBridge::Compat::JSON;

use 5.014;
use strict;
use warnings;

use JSON::PP::Boolean ();

use CPANBridge::Compat::JSON::Decoder;
use CPANBridge::Compat::JSON::Encoder;

our $VERSION = '0.1.0';

my ( $TRUE, $FALSE ) = map { my $value = $_; bless \$value, 'JSON::PP::Boolean' } 1, 0;

# Packages that errors are not blamed on.
my %OURS = map { $_ => 1 } __PACKAGE__, 'CPANBridge::Compat::JSON::Encoder', 'CPANBridge::Compat::JSON::Decoder',
  'CPANBridge::Compat::JSON::Typed', 'JSON::XS', 'Cpanel::JSON::XS';

# A switch is set by calling it with nothing or something true, and read by get_....
sub make_switches {
    my ( $class, @names ) = @_;
    no strict 'refs';
    for my $name (@names) {
        *{"${class}::$name"} = sub { $_[0]{$name} = @_ < 2 || $_[1] ? 1 : 0; return $_[0] };
        *{"${class}::get_$name"} = sub { return $_[0]{$name} ? 1 : '' };
    }
    return;
}

__PACKAGE__->make_switches(
    qw(ascii latin1 utf8 indent space_before space_after canonical allow_nonref allow_unknown allow_blessed
      convert_blessed relaxed shrink allow_tags)
);

sub new {
    my ($class) = @_;
    my ( $false, $true ) = $class->_booleans;
    return bless {
        allow_nonref  => 1,
        max_depth     => 512,
        max_size      => 0,
        indent_length => 3,
        true          => $true,
        false         => $false,
        buffer        => '',
        pending       => '',
        seen          => 0,
        start         => 0,
        nested        => 0,
        mode          => 'blank',
    }, $class;
}

sub _booleans { return ( $FALSE, $TRUE ) }

sub pretty { my $self = shift; return $self->indent(@_)->space_before(@_)->space_after(@_) }

sub max_depth {
    my ( $self, $depth ) = @_;
    $self->{max_depth} = @_ < 2 ? 0x80000000 : $depth;
    return $self;
}

sub get_max_depth { return $_[0]{max_depth} }

sub max_size {
    my ( $self, $size ) = @_;
    $self->{max_size} = @_ < 2 ? 0 : $size;
    return $self;
}

sub get_max_size { return $_[0]{max_size} }

sub boolean_values {
    my ( $self, @values ) = @_;
    $self->{custom_booleans} = @values ? 1 : 0;
    @$self{ 'false', 'true' } = @values ? @values[ 0, 1 ] : $self->_booleans;
    return $self;
}

sub get_boolean_values { my ($self) = @_; return $self->{custom_booleans} ? @$self{ 'false', 'true' } : () }

sub filter_json_object {
    my ( $self, $filter ) = @_;
    $self->{filter_object} = $filter;
    return $self;
}

sub filter_json_single_key_object {
    my ( $self, $key, $filter ) = @_;
    $filter ? $self->{filter_key}{$key} = $filter : delete $self->{filter_key}{$key};
    delete $self->{filter_key} if !%{ $self->{filter_key} || {} };
    return $self;
}

# Dies as the C code does: with the line of the code that called us.
sub blame {
    my ($why) = @_;
    die $why if ref $why || $why =~ / at .+ line \d+\.?\n\z/;
    chomp $why;
    my ( $file, $line ) = place();
    die "$why at $file line $line.\n";
}

# File and line of the code that called us, and what warnings it wants.
sub place {
    my $level = 0;
    while ( my @frame = caller $level++ ) {
        return @frame[ 1, 2, 9 ] if !$OURS{ $frame[0] };
    }
    return ( $0, 0, undef );
}

# Warns with the line of the code that called us, where that wants such warnings, or has not said (then $default counts).
sub warn_as {
    my ( $category, $text, $default ) = @_;
    my ( $file, $line, $bits ) = place();
    my $wanted = defined $bits ? vec( $bits, $warnings::Offsets{$category}, 1 ) || vec( $bits, $warnings::Offsets{all}, 1 ) : $^W || $default;
    warn "$text at $file line $line.\n" if $wanted;
    return;
}

sub encode {
    my ( $self, undef, $type ) = @_;
    my $text = eval { local $SIG{__DIE__}; CPANBridge::Compat::JSON::Encoder::encode( $self, $_[1], $type ) };
    blame($@) if !defined $text;
    return $text;
}

sub decode {
    my ( $self, $text ) = @_;
    my ($value) = $self->_decode( $text, 0 );
    return $value;
}

sub decode_prefix {
    my ( $self, $text ) = @_;
    return $self->_decode( $text, 1 );
}

sub _decode {
    my ( $self, $text, $prefix ) = @_;
    if ( my $most = $self->{max_size} ) {
        my $size = defined $text ? length $text : 0;
        if ( $size && utf8::is_utf8($text) ) { my $copy = $text; utf8::encode($copy); $size = length $copy }
        blame("attempted decode of JSON text of $size bytes size, but max_size is set to $most") if $size > $most;
    }
    my @found = eval { local $SIG{__DIE__}; CPANBridge::Compat::JSON::Decoder::decode( $self, $text, $prefix ) };
    blame($@) if !@found;
    return @found;
}

# --- texts that come in pieces ------------------------------------------------------------------------------------

# {buffer} holds what came, {start} is where the next text may begin, {seen} how far has been looked. Of much that came at
# once, {pending} holds all but the first portions: to count characters takes time in the length of the whole, and so
# does each cut.
my $PORTION = 65_536;

sub incr_parse {
    my ( $self, $more ) = @_;
    $self->{ length $self->{pending} ? 'pending' : 'buffer' } .= $more if defined $more;
    if ( length( $self->{buffer} ) - $self->{seen} > 4 * $PORTION ) {
        $self->{pending} = substr( $self->{buffer}, $self->{seen} + $PORTION ) . $self->{pending};
        $self->{buffer} = substr $self->{buffer}, 0, $self->{seen} + $PORTION;
    }
    return if !defined wantarray;
    my @found;
    do {
        if ( !$self->_is_whole ) {
            $self->_look;
            my ( $size, $most ) = ( $self->{seen} - $self->{start}, $self->{max_size} );
            blame("attempted decode of JSON text of $size bytes size, but max_size is set to $most") if $most && $size > $most;
            if ( !$self->_is_whole ) {
                @$self{ 'buffer', 'seen', 'start' } = ( '', 0, 0 ) if $self->{mode} eq 'blank';
                return wantarray ? @found : $found[0];
            }
        }

        # Only what belongs to it is decoded, but a fault is shown in its surroundings.
        my ( $start, $seen ) = @$self{ 'start', 'seen' };
        my ( $value, $length ) = eval { $self->_decode( substr( $self->{buffer}, $start, $seen - $start ), 1 ) };
        ( $value, $length ) = $self->_decode( substr( $self->{buffer}, $start ), 1 ) if !defined $length;
        $self->{start} += $length;
        $self->_cut if $self->{start} > $PORTION && $self->{start} > length( $self->{buffer} ) / 2;
        @$self{ 'nested', 'mode' } = ( 0, 'blank' );
        push @found, $value;
    } while wantarray;
    return wantarray ? @found : $found[0];
}

sub _cut {
    my ($self) = @_;
    substr $self->{buffer}, 0, $self->{start}, '';
    $self->{seen} -= $self->{start};
    $self->{start} = 0;
    return;
}

sub _is_whole { return $_[0]{mode} eq 'text' && !$_[0]{nested} }

# Goes on until a whole text has been seen, or all there is. In portions: perl copies what is matched against.
sub _look {
    my ($self) = @_;
    while (1) {
        my $portion = substr $self->{buffer}, $self->{seen}, 8192;
        my $is_end  = $self->{seen} + length($portion) >= length $self->{buffer};
        my $is_last = $is_end && !length $self->{pending};
        return if length $portion && $self->_look_at( $portion, $is_last ) || $is_last;
        next if !$is_end;
        my $size = length $self->{buffer};
        $self->{buffer} .= substr $self->{pending}, 0, $size > $PORTION ? $size : $PORTION, '';
    }
}

# Returns whether a text has become whole; a text that is no list or object ends where the last portion does, too.
sub _look_at {
    my ( $self, $portion, $is_last ) = @_;
    my ( $mode, $whole ) = ( $self->{mode}, 0 );
    pos($portion) = 0;
    for ($portion) {
        while ( !$whole && pos() < length ) {
            if ( $mode eq 'blank' ) {
                /\G[\x20\t\n\r]+/gc;
                $mode = /\G(?=#)/gc ? 'comment' : 'text' if pos() < length;
            }
            elsif ( $mode eq 'comment' || $mode eq 'inner comment' ) {
                if   (/\G[^\n]*\n/gc) { $mode = $mode eq 'comment' ? 'blank' : 'text' }
                else                  { pos() = length }
            }
            elsif ( $mode eq 'string' ) {
                /\G(?:[^"\\]|\\.)+/sgc;
                if    (/\G"/gc)         { $mode = 'text'; $whole = !$self->{nested} }
                elsif ( pos() < length ) { last }                                        # a backslash whose character is yet to come
            }
            elsif ( $mode eq 'word' ) {
                /\G[-+.0-9a-zA-Z]+/gc;
                if ( pos() < length ) { $mode = 'text'; $whole = !$self->{nested} }
            }
            elsif (/\G[\[\{\(]/gc) {
                blame('json text or perl structure exceeds maximum nesting level (max_depth set too low?)')
                  if ++$self->{nested} > $self->{max_depth};
            }
            elsif (/\G[\]\}]/gc) { $self->{nested}-- if $self->{nested}; $whole = !$self->{nested} }
            elsif (/\G\)/gc)     { $self->{nested}-- }
            elsif (/\G"/gc)      { $mode = 'string' }
            elsif (/\G[-0-9a-zA-Z]/gc) { $mode  = 'word' }
            elsif (/\G#/gc)            { $mode  = 'inner comment' }
            else                       { /\G./sgc; $whole = !$self->{nested} }
        }
        if ( !$whole && $is_last && $mode eq 'word' ) { $mode = 'text'; $whole = !$self->{nested} }
        $self->{seen} += pos();
    }
    $self->{mode} = $mode;
    return $whole;
}

sub incr_text : lvalue {
    my ($self) = @_;
    blame('incr_text can not be called when the incremental parser already started parsing') if $self->{seen} > $self->{start};
    $self->_cut;
    $self->{buffer} .= $self->{pending};
    $self->{pending} = '';
    $self->{buffer};
}

sub incr_skip {
    my ($self) = @_;
    $self->{start} = $self->{seen};
    $self->_cut;
    @$self{ 'nested', 'mode' } = ( 0, 'blank' );
    return;
}

sub incr_reset {
    my ($self) = @_;
    @$self{ 'buffer', 'pending', 'seen', 'start', 'nested', 'mode' } = ( '', '', 0, 0, 0, 'blank' );
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::JSON - what the replacements of JSON::XS and Cpanel::JSON::XS have in common

=head1 DESCRIPTION

The base class of both; programs have no need of it. Its objects are hashes that hold the settings, which
L<CPANBridge::Compat::JSON::Encoder> and L<CPANBridge::Compat::JSON::Decoder> look at.

Implements methods of L<JSON::XS|https://metacpan.org/pod/JSON::XS>, whose documentation says what they do;
the replacement's own says what is different.

=head1 METHODS

Those that are not told here are told in the documentation of JSON::XS.

=head2 make_switches

    $class->make_switches(@names);

Gives a class methods that set and read switches.

=head2 blame

Dies with a text and the line of the code that called a method.

=head2 place

The file and the line of the code that called a method, and the bits of its warnings.

=head2 warn_as

Warns with a text of a category of warnings, at the line of the code that called a method.

=head2 new

=head2 pretty

=head2 max_depth

=head2 get_max_depth

=head2 max_size

=head2 get_max_size

=head2 boolean_values

=head2 get_boolean_values

=head2 filter_json_object

=head2 filter_json_single_key_object

=head2 encode

=head2 decode

=head2 decode_prefix

=head2 incr_parse

=head2 incr_text

=head2 incr_skip

=head2 incr_reset

=cut
