package CPANBridge::Compat::Excel::Stream;

# The stream of operations on one workbook, which the daemon carries out; see its module excel.
use 5.014;
use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Bytes;
use CPANBridge::Compat::Excel::Colors;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Bytes of operations that go together, of a file.
our $BATCH = 256 * 1024;
my $PIECE = 1024 * 1024;

# A place on a sheet is one number: the row times this, and the column.
our $WIDTH = 1 << 24;

# Calls whose place in the program is kept, so that a late error can name it.
my $PLACES = 100_000;

my %ESCAPE = (
    '"' => '\\"', '\\' => '\\\\', "\n" => '\\n', "\r" => '\\r', "\t" => '\\t',
    map { ( chr $_ => sprintf '\\u%04x', $_ ) } grep { $_ != 9 && $_ != 10 && $_ != 13 } 0 .. 31
);

my $NUMBER = qr/\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\z/;

# Options that are text although they may look like numbers.
my %TEXT = map { $_ => 1 } qw(
  alt_text author caption criteria description error_message error_title filter font formula header input_message
  input_title macro name name_formula num_format string text tip title total_function total_string type
);

# Numbers of this process's workbooks.
my $books = 0;

sub new {
    my ( $class, %options ) = @_;
    my $self = bless {
        book    => ++$books,
        options => \%options,
        colors  => CPANBridge::Compat::Excel::Colors->new,
        out     => '',
        began   => 0,
        ended   => 0,
        objects => 0,
        blobs   => 0,
        calls   => 0,
        places  => [],
        owner   => $$,
        token   => undef,
    }, $class;
    $self->{run} = [ 0, -1, 0, \$self->{out} ];
    return $self;
}

sub CLONE_SKIP { return 1 }

sub colors { return $_[0]{colors} }
sub number { return ++$_[0]{objects} }
sub run    { return $_[0]{run} }

# Whether it goes on, in this process.
sub is_open { my ($self) = @_; return !$self->{ended} && $self->{owner} == $$ }

# --- the wire -----------------------------------------------------------------------------------------------------

sub _call {
    my ( $self, $function, $params, $wait ) = @_;
    $self->_own;
    require CPANBridge::Compat::Link;
    my $method = $wait ? 'call' : 'send';
    my $result = eval {
        local $SIG{__DIE__};
        my $link = CPANBridge::Compat::Link->get;
        $self->{token} = $link->token if !defined $self->{token};
        die "the connection to the daemon was lost, and this workbook with it\n" if !$link->is_current( $self->{token} );
        $link->$method( excel => $function => $params );
    };
    if ( my $error = $@ ) {
        my $text = ref $error && $error->can('message') ? $error->message : "$error";
        chomp $text;
        $self->{ended} = 1 if $function ne 'ask';
        Carp::croak("Excel::Writer::XLSX: CPANBridge: $text");
    }
    return $result;
}

sub _own {
    my ($self) = @_;
    Carp::croak('Excel::Writer::XLSX: this workbook belongs to another process') if $self->{owner} != $$;
    Carp::croak('Excel::Writer::XLSX: this workbook has been closed')            if $self->{ended};
    return;
}

sub flush {
    my ($self) = @_;
    return if $self->{began} && !length $self->{out};
    $self->_end_run;
    chop $self->{out};
    my $text = "[$self->{out}]";
    $self->{out} = '';
    my %params = ( workbook => $self->{book}, data => CPANBridge::Bytes->new($text) );
    @params{qw(new options)} = ( 1, $self->{options} ) if !$self->{began}++;
    $self->_call( write => \%params );
    return;
}

# The stream is made of bytes from the beginning: how many characters there are Perl would have to count for each cell.
# What is no character of Unicode becomes the replacement character; the bytes that it begins with are rare.
sub _utf8 {
    my ($text) = @_;
    my $bytes = $text;
    utf8::encode($bytes);
    return $bytes if $bytes !~ tr/\xED\xF4-\xFF//;
    no warnings 'utf8';
    $text =~ s/[^\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]/\x{FFFD}/g;
    utf8::encode($text);
    return $text;
}

# --- cells --------------------------------------------------------------------------------------------------------

sub _end_run {
    my ($self) = @_;
    return if $self->{run}[1] < 0;
    $self->{out} .= '],';
    $self->{run}[1] = -1;
    return;
}

# --- operations ---------------------------------------------------------------------------------------------------

sub call {
    my ( $self, $method, $target, @arguments ) = @_;
    $self->_own if $self->{ended} || $self->{owner} != $$;
    $self->_end_run;
    $self->{out} .= $self->_operation( $method, $target, \@arguments ) . ',';
    $self->flush if length $self->{out} > $BATCH;
    return 0;
}

# An operation that says how it went: XlsxWriter's number, and its warnings as ours.
sub ask {
    my ( $self, $method, $target, @arguments ) = @_;
    $self->flush;
    my $text = $self->_operation( $method, $target, \@arguments );
    my $answer = $self->_call( ask => { workbook => $self->{book}, data => CPANBridge::Bytes->new($text) }, 1 );
    Carp::carp($_) for @{ $answer->{warnings} };
    return $answer->{result};
}

sub _operation {
    my ( $self, $method, $target, $arguments ) = @_;
    my $number = $self->{calls}++;
    if ( $number < $PLACES ) {
        my $level = 1;
        my @caller;
        while ( @caller = caller $level++ ) { last if !$Carp::Internal{ $caller[0] } }
        $self->{places}[$number] = @caller ? "$caller[1] line $caller[2]" : $0;
    }
    return join( ',', qq(["$method"), $number, $target, map { $self->_json( $_, '' ) } @$arguments ) . ']';
}

# Takes the content of a file; gives what stands for it among arguments.
sub blob {
    my ( $self, $bytes ) = @_;
    my $number = ++$self->{blobs};
    $self->flush;
    my $offset = 0;
    do {
        my $piece = CPANBridge::Bytes->new( substr $bytes, $offset, $PIECE );
        $self->_call( blob => { workbook => $self->{book}, number => $number, data => $piece } );
        $offset += $PIECE;
    } while $offset < length $bytes;
    return CPANBridge::Compat::Excel::Stream::Blob->new($number);
}

sub text {    # no method
    my ($text) = @_;
    return CPANBridge::Compat::Excel::Stream::Text->new( _quoted($text) );
}

sub _json {
    my ( $self, $value, $name ) = @_;
    return 'null' if !defined $value;
    if ( my $kind = ref $value ) {
        if ( Scalar::Util::blessed($value) ) {
            return $value->_in_stream if $value->can('_in_stream');
        }
        elsif ( $kind eq 'HASH' ) {
            return '{' . join( ',', map { _quoted($_) . ':' . $self->_json( $value->{$_}, $_ ) } sort keys %$value ) . '}';
        }
        elsif ( $kind eq 'ARRAY' ) {
            my $inside = $name =~ /colors?\z/ ? $name : '';
            return '[' . join( ',', map { $self->_json( $_, $inside ) } @$value ) . ']';
        }
        elsif ( $kind eq 'SCALAR' ) { return $$value ? 'true' : 'false' }
    }
    if ( $name =~ /colors?\z/ ) {
        my $color = $self->{colors}->rgb($value);
        return defined $color ? qq("$color") : 'null';
    }
    return _quoted($value) if $TEXT{$name} || $value !~ $NUMBER;
    my $number = $value == "$value" ? "$value" : sprintf '%.17g', $value;
    utf8::downgrade($number);
    return $number;
}

sub _quoted {
    my ($text) = @_;
    $text = "$text";
    $text =~ s/(["\\\x00-\x1f])/$ESCAPE{$1}/g if $text =~ tr/"\\\x00-\x1f//;
    if ( $text =~ tr/\x00-\x7f//c ) { $text = _utf8($text) }
    else                            { utf8::downgrade($text) }
    return qq("$text");
}

# --- the end ------------------------------------------------------------------------------------------------------

# Gives the file to a sub, piece by piece.
sub finish {
    my ( $self, $take ) = @_;
    $self->flush;
    my %book = ( workbook => $self->{book} );
    my $made = $self->_call( finish => {%book}, 1 );
    my $offset = 0;
    while ( $offset < $made->{size} ) {
        my $piece = $self->_call( fetch => { %book, offset => $offset }, 1 );
        $take->($piece) or last;
        $offset += length $piece;
    }
    my @failures = @{ $made->{failures} };
    $self->discard;
    if (@failures) {
        my ( $number, $text ) = @{ $failures[0] };
        my $place = $number >= 0 && $number < $PLACES ? " (called at $self->{places}[$number])" : '';
        my $more = @failures > 1 ? '; and ' . ( @failures - 1 ) . ' more' : '';
        Carp::carp("Excel::Writer::XLSX: $text$place$more");
    }
    return $offset == $made->{size};
}

sub discard {
    my ($self) = @_;
    return if $self->{ended};
    $self->{ended}  = 1;
    $self->{out}    = '';
    $self->{run}[1] = -1;
    return if !defined $self->{token} || $self->{owner} != $$;
    my $link = eval { local $SIG{__DIE__}; CPANBridge::Compat::Link->get } or return;
    $link->release( excel => $self->{book} ) if $link->is_current( $self->{token} );
    return;
}

package CPANBridge::Compat::Excel::Stream::Blob;

sub new { my ( $class, $number ) = @_; return bless \$number, $class }

sub _in_stream { return qq({"%":${$_[0]}}) }

package CPANBridge::Compat::Excel::Stream::Text;

sub new { my ( $class, $text ) = @_; return bless \$text, $class }

sub _in_stream { return ${ $_[0] } }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Stream - tells the daemon what a workbook shall hold

=head1 DESCRIPTION

Used by our L<Excel::Writer::XLSX>; programs have no need of it. Objects among the arguments say with their method
C<_in_stream> what stands for them. Operations are gathered and sent without waiting; what
cannot be carried out is told when the workbook is closed, with the place of the call.

=head1 METHODS

=head2 new

    my $stream = CPANBridge::Compat::Excel::Stream->new(%options);

Begins a workbook.

=head2 call

    $stream->call( $method => $object, @arguments );

Adds an operation; returns 0.

=head2 ask

    my $number = $stream->ask( $method => $object, @arguments );

Adds an operation and waits for what it returns. What the daemon's library warns of becomes a warning.

=head2 blob

    my $argument = $stream->blob($bytes);

Sends a file's content; the result stands for it among arguments.

=head2 text

    my $argument = CPANBridge::Compat::Excel::Stream::text('0123');

An argument that is text although it may look like a number.

=head2 colors

=head2 number

=head2 is_open

The workbook's L<colours|CPANBridge::Compat::Excel::Colors>; a number for a new object; whether it has neither ended nor
belongs to another process.

=head2 run

Where cells go, as a list: the worksheet's number, the place after the last cell that others may go on with (the row times
C<$WIDTH>, and the column; -1 for nowhere), the number of that cell's format or 0, and a reference to the JSON so far. A run
of cells begins with C<[sheet,row,column,format,value>; what follows is C<,value> for the cell beside it, or C<,[format],value>
if that has another format (both C<null> for none). The worksheets do that themselves, for it is done millions of times; the
stream ends the run.

=head2 flush

Sends what has been gathered.

=head2 finish

    $stream->finish( sub { print {$file} $_[0] } );

Has the file made and gives it to a sub, which returns false to end that; returns whether all of it was taken.

=head2 discard

Drops the workbook.

=cut
