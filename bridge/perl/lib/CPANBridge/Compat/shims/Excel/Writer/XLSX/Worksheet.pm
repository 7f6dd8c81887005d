package Excel::Writer::XLSX::Worksheet;

use 5.014;
use strict;
use warnings;

use Carp ();

use CPANBridge::Compat::Excel::Dates;
use CPANBridge::Compat::Excel::Objects;
use CPANBridge::Compat::Excel::Page;
use CPANBridge::Compat::Excel::Stream;

our $VERSION = '1.11';
our @ISA = ( 'CPANBridge::Compat::Excel::Page', 'CPANBridge::Compat::Excel::Objects' );

$Carp::Internal{$_}++ for __PACKAGE__, @ISA;

# Excel's limits.
my ( $ROWS, $COLUMNS, $LONGEST, $URLS ) = ( 1_048_576, 16_384, 32_767, 65_530 );

my $WIDTH = $CPANBridge::Compat::Excel::Stream::WIDTH;

# What write takes for a number, and which of those are numbers in JSON, too.
my $NUMBER = qr/\A[-+]?(?=[0-9]|\.[0-9])[0-9]*(?:\.[0-9]*)?(?:[Ee][-+]?[0-9]+)?\z/;
my $PLAIN  = qr/\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\z/;

# What write takes for more than text.
my $SPECIAL = qr/\A(?:=|\{=|[fh]tt?ps?:|mailto:|(?:in|ex)ternal:)/;

# What write makes of a value, by the code of its first character: 1 for digits but 0; 3 for letters that a URL may begin
# with, which then has a colon; 0 for what needs a closer look. All else is text.
my @FIRST;
@FIRST[ map { ord } 1 .. 9 ]             = (1) x 9;
@FIRST[ map { ord } qw(e f h i m) ]      = (3) x 5;
@FIRST[ 0, map { ord } qw(= { + - . 0) ] = (0) x 7;

*_text = \&CPANBridge::Compat::Excel::Stream::text;

sub _made {
    my ( $class, $workbook, $number, $name, $index ) = @_;
    return bless {
        _stream             => $workbook->{_stream},
        _run                => $workbook->{_stream}->run,
        _number             => $number,
        _name               => $name,
        _index              => $index,
        _date_1904          => $workbook->{_date_1904},
        _default_url_format => $workbook->{_default_url_format},
        _url_format_told    => $workbook->{_default_url_format},
        _strings_to_urls    => $workbook->{_strings_to_urls},
        _max_url_length     => $workbook->{_max_url_length},
        _optimization       => $workbook->{_optimization},
        _last_row           => 0,
        _urls               => 0,
        _write_match        => [],
        _leading_zeros      => 0,
        _short              => 1,
    }, $class;
}

# One that belongs to no workbook: it can say what it thinks of its arguments.
sub new {
    my ($class) = @_;
    my %workbook = ( _stream => CPANBridge::Compat::Excel::Stream->new, _max_url_length => 2079, _strings_to_urls => 1 );
    return $class->_made( \%workbook, $workbook{_stream}->number, 'Sheet1', 0 );
}

sub get_name  { return $_[0]{_name} }
sub get_index { return $_[0]{_index} }
sub _in_stream { return qq({"@":$_[0]{_number}}) }

sub _op {
    my ( $self, $method, @arguments ) = @_;
    $self->{_stream}->call( $method, $self->{_number}, @arguments );
    return;
}

# Attributes that programs set in the object itself.
sub _forward {
    my ($self) = @_;
    for my $name (qw(vertical_dpi horizontal_dpi)) {
        $self->_op( attribute => $name, 0 + $self->{"_$name"} ) if $self->{"_$name"};
    }
    $self->_op( attribute => 'original_row_height', int( $self->{_original_row_height} * 4 / 3 + 0.5 ) )
      if $self->{_original_row_height};
    return;
}

# --- addresses ----------------------------------------------------------------------------------------------------

my %column;

sub _column {
    my ($letters) = @_;
    return $column{$letters} //= do {
        my $number = 0;
        $number = $number * 26 + ord($_) - 64 for split //, uc $letters;
        $number - 1;
    };
}

# Puts numbers in the place of an address like A1, A1:B2, A:B or 1:2 that comes first.
sub _numbered {
    my ( $self, $cell, @rest ) = @_;
    return ( $cell, @rest ) if !defined $cell || $cell !~ /\A\$?[A-Za-z]/;
    return ( $2 - 1, _column($1), $4 - 1, _column($3), @rest )
      if $cell =~ /\A\$?([A-Za-z]{1,3})\$?([0-9]+):\$?([A-Za-z]{1,3})\$?([0-9]+)\z/;
    return ( $2 - 1, _column($1), @rest ) if $cell =~ /\A\$?([A-Za-z]{1,3})\$?([0-9]+)\z/;
    return ( 0, _column($1), $ROWS - 1, _column($2), @rest ) if $cell =~ /\A\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})\z/;
    Carp::croak("Unknown cell reference $cell");
}

# Like _numbered for a range, of which a single cell is one, too.
sub _range {
    my ( $self, $cell, @rest ) = @_;
    return ( $self->_numbered($cell), @rest ) if defined $cell && $cell =~ /\A\$?[A-Za-z].*:/;
    if ( defined $cell && $cell =~ /\A\$?[A-Za-z]/ ) {
        my ( $row, $column ) = $self->_numbered($cell);
        return ( $row, $column, $row, $column, @rest );
    }
    return ( $cell, @rest );
}

sub _outside {
    my ( $self, @cells ) = @_;
    while ( my ( $row, $column ) = splice @cells, 0, 2 ) {
        return 1 if !defined $row || !defined $column || $row < 0 || $column < 0 || $row >= $ROWS || $column >= $COLUMNS;
    }
    return 0;
}

# The row and column are there, may be used, and rows come in order where they must; else what is wrong.
sub _misplaced {
    my ( $self, $row, $column ) = @_;
    return -2 if !( $row >= 0 && $row < $ROWS && $column >= 0 && $column < $COLUMNS );
    if ( $self->{_optimization} ) {
        return -2 if $row < $self->{_last_row};
        $self->{_last_row} = int $row;
    }
    return 0;
}

# --- cells --------------------------------------------------------------------------------------------------------

# Adds cells side by side, whose values are JSON already and joined by commas; after the cells that were added last if
# those end there. Returns false, and adds nothing, if the place is not in numbers or there is no room for them.
sub _cells {
    my ( $self, $row, $column, $format, $json, $count ) = @_;
    return 0
      if !defined $column
      || !length $row
      || !length $column
      || $row =~ tr/0-9//c
      || $column =~ tr/0-9//c
      || $row >= $ROWS
      || $column + $count > $COLUMNS
      || $row < $self->{_last_row};
    my ( $stream, $run ) = ( $self->{_stream}, $self->{_run} );
    $stream->_own if $stream->{ended};
    $self->{_last_row} = $row if $self->{_optimization};
    my $place = $row * $WIDTH + $column;
    my $shown = ref $format ? $format->{_number} : 0;
    if ( $run->[1] == $place && $run->[0] == $self->{_number} ) {
        $json = ( $shown || 'null' ) . "],$json" if $run->[2] != $shown;
        $stream->{out} .= $run->[2] == $shown ? ",$json" : ",[$json";
    }
    else {
        my $cell = join ',', $self->{_number}, int $row, int $column, $shown || 'null', $json;
        $stream->{out} .= ( $run->[1] < 0 ? '[' : '],[' ) . $cell;
        $run->[0] = $self->{_number};
    }
    @$run[ 1, 2 ] = ( $place + $count, $shown );
    use bytes;    # the length that needs no counting
    $stream->flush if length $stream->{out} > $CPANBridge::Compat::Excel::Stream::BATCH;
    return 1;
}

sub _cell {
    my ( $self, $row, $column, $format, $json ) = @_;
    $self->_cells( int $row, int $column, $format, $json, 1 );
    return 0;
}

# JSON of a value that write takes for a number or a text, or undef if there may be more to it.
sub _json {
    my ($token) = @_;
    return $token if $token =~ /\A-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?\z/;
    return undef  if $token =~ $NUMBER || $token =~ $SPECIAL || !length $token || length $token > $LONGEST;    ## no critic
    return CPANBridge::Compat::Excel::Stream::_quoted($token);
}

# A number or a text at a place in numbers, as nearly all cells are, takes the short way here; all else the long one. It
# is the innermost loop of programs that write much: what looks at once like an integer, a number with a point or a text
# that needs no quoting is that without a pattern, and a cell beside the last one is added without a call.
sub write {    ## no critic - the original's name
    my ( $self, $row, $column, $token, $format ) = @_;
    if ( $self->{_short} && defined $token && !ref $token ) {
        my $json = "$token";    # a floating-point number is made into text each time it is taken for one
        my $first = $FIRST[ ord $json ] // 2;
        if ( $first == 1 ) {
            my $other = $json =~ tr/0-9//c;
            undef $json
              if length $json > ( $other ? 16 : 15 )
              || $other && ( $other > 1 || index( $json, '.' ) < 0 || substr( $json, -1 ) eq '.' );
        }
        elsif ( $first && length $json < 256 && ( $first == 2 || index( $json, ':' ) < 0 ) ) {
            $json = $json =~ tr/ !#-[]-~//c ? CPANBridge::Compat::Excel::Stream::_quoted($json) : qq("$json");
        }
        else { undef $json }
        if ( defined $json ) {
            my $run = $self->{_run};
            no warnings qw(numeric uninitialized);
            if ( $run->[1] == $row * $WIDTH + $column && $run->[0] == $self->{_number} && $column < $COLUMNS ) {
                my $shown = ref $format ? $format->{_number} : 0;
                if ( $shown != $run->[2] ) {
                    $run->[2] = $shown;
                    ${ $run->[3] } .= $shown ? ",[$shown]" : ',[null]';
                }
                $run->[1]++;
                ${ $run->[3] } .= ",$json";
                return 0;
            }
        }
        else { $json = _json($token) }
        return 0 if defined $json && $self->_cells( $row, $column, $format, $json, 1 );
    }
    return $self->_write( @_[ 1 .. $#_ ] );
}

sub _write {
    my ( $self, @args ) = @_;
    return $self->write( $self->_numbered(@args) ) if defined $args[0] && $args[0] =~ /\A\$?[A-Za-z]/;
    my $token = $args[2];
    for my $handler ( @{ $self->{_write_match} } ) {
        my ( $pattern, $code ) = @$handler;
        if ( defined $token && $token =~ $pattern ) {
            my $result = $code->( $self, @args );
            return $result if defined $result;
        }
    }
    return $self->write_blank(@args) if !defined $token || $token eq '';
    return $self->write_row(@args) if ref $token eq 'ARRAY';
    return $self->write_string(@args) if $self->{_leading_zeros} && $token =~ /\A0[0-9]+\z/;
    return $self->write_number(@args) if $token =~ $NUMBER;
    if ( $self->{_strings_to_urls} ) {
        return $self->write_url(@args) if $token =~ m{\A(?:[fh]tt?ps?://|mailto:|(?:in|ex)ternal:)};
    }
    return $self->write_formula(@args)       if $token =~ /\A=/;
    return $self->write_array_formula(@args) if $token =~ /\A\{=.*\}\z/s;
    return $self->write_string(@args);
}

sub write_number {
    my ( $self, @args ) = @_;
    if ( defined $args[2] && $args[2] =~ /\A-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?\z/ ) {
        return 0 if $self->_cells( @args[ 0, 1, 3, 2 ], 1 );
    }
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $number, $format ) = @args;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong if $wrong;
    $number = "$number";
    $number =~ s/\A\s+|\s+\z//g;
    no warnings 'numeric';
    my $value = 0 + $number;
    return $self->_cell( $row, $column, $format, CPANBridge::Compat::Excel::Stream::_quoted($number) )
      if $value !~ $PLAIN || $number !~ $NUMBER;    # infinity, and what is no number
    $number = $value if $number !~ $PLAIN;
    return $self->_cell( $row, $column, $format, $number );
}

sub write_string {
    my ( $self, @args ) = @_;
    if ( defined $args[2] && $args[2] !~ tr/ !#-[]-~//c && length $args[2] <= $LONGEST ) {
        return 0 if $self->_cells( @args[ 0, 1, 3 ], qq("$args[2]"), 1 );
    }
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $text, $format ) = @args;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong if $wrong;
    $text = '' if !defined $text;
    my $result = 0;
    if ( length $text > $LONGEST ) { $text = substr $text, 0, $LONGEST; $result = -3 }
    $self->_cell( $row, $column, $format, CPANBridge::Compat::Excel::Stream::_quoted($text) );
    return $result;
}

sub write_blank {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 2;
    my ( $row, $column ) = @args;
    my $format = ref $args[2] ? $args[2] : $args[3];
    return 0 if !defined $format;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong || $self->_cell( $row, $column, $format, 'null' );
}

sub write_boolean {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $value, $format ) = @args;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong || $self->_cell( $row, $column, $format, $value ? 'true' : 'false' );
}

sub write_formula {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $formula, $format, $value ) = @args;
    return $self->write_array_formula( $row, $column, $row, $column, $formula, $format, $value ) if $formula =~ /\A\{=.*\}\z/s;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong if $wrong;
    $self->_op( write_formula => $row, $column, _text($formula), $format, _result($value) );
    return 0;
}

# The older way to write one formula many times: what is stored, with parts of it replaced.
sub store_formula { my ( $self, $formula ) = @_; return $formula }

sub repeat_formula {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 2;
    my ( $row, $column, $formula, $format, @pairs ) = @args;
    Carp::croak('Odd number of elements in pattern/replacement list') if @pairs % 2;
    my $value = 0;
    while ( my ( $pattern, $replacement ) = splice @pairs, 0, 2 ) {
        if ( $pattern eq 'result' ) { $value = $replacement }
        else                        { $formula =~ s/$pattern/$replacement/ }
    }
    return $self->write_formula( $row, $column, $formula, $format, $value );
}

sub write_array_formula {
    my ( $self, @args ) = @_;
    return $self->_array_formula( 'write_array_formula', @args );
}

sub write_dynamic_array_formula {
    my ( $self, @args ) = @_;
    return $self->_array_formula( 'write_dynamic_array_formula', @args );
}

sub _array_formula {
    my ( $self, $method, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    splice @args, 2, 0, @args[ 0, 1 ] if defined $args[2] && $args[2] !~ /\A[0-9]+\z/;    # of a single cell
    return -1 if @args < 5;
    my ( $row1, $column1, $row2, $column2, $formula, $format, $value ) = @args;
    ( $row1, $row2 ) = ( $row2, $row1 ) if $row1 > $row2;
    ( $column1, $column2 ) = ( $column2, $column1 ) if $column1 > $column2;
    return -2 if $self->_outside( $row1, $column1, $row2, $column2 );
    my $wrong = $self->_misplaced( $row1, $column1 );
    return $wrong if $wrong;
    $self->_op( $method => $row1, $column1, $row2, $column2, _text($formula), $format, _result($value) );
    return 0;
}

# What a formula comes to, as far as the program knows.
sub _result {
    my ($value) = @_;
    return !defined $value ? 0 : $value eq 'TRUE' ? \1 : $value eq 'FALSE' ? \0 : $value;
}

sub write_row {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    my ( $row, $column, $tokens, @options ) = @args;
    Carp::croak('Not an array ref in call to write_row()') if ref $tokens ne 'ARRAY';
    return 0 if $self->{_short} && $self->_whole_row(@args);
    my $error = 0;
    for my $token (@$tokens) {
        my $result = ref $token eq 'ARRAY' ? $self->write_col( $row, $column, $token, @options ) : $self->write( $row, $column, $token, @options );
        $error ||= $result;
        $column++;
    }
    return $error;
}

# A row of nothing but numbers and texts, which most are, seen as write sees them; returns whether this one is, and if not has added nothing.
sub _whole_row {
    my ( $self, $row, $column, $tokens, $format ) = @_;
    my @json;
    my $length = 0;
    for my $token (@$tokens) {
        return 0 if !defined $token || ref $token;
        my $json = "$token";    # a floating-point number is made into text each time it is taken for one
        my $first = $FIRST[ ord $json ] // 2;
        if ( $first == 1 ) {
            my $other = $json =~ tr/0-9//c;
            undef $json
              if length $json > ( $other ? 16 : 15 )
              || $other && ( $other > 1 || index( $json, '.' ) < 0 || substr( $json, -1 ) eq '.' );
        }
        elsif ( $first && length $json < 256 && ( $first == 2 || index( $json, ':' ) < 0 ) ) {
            $json = $json =~ tr/ !#-[]-~//c ? CPANBridge::Compat::Excel::Stream::_quoted($json) : qq("$json");
        }
        else { undef $json }
        return 0 if !defined $json && ( !defined( $json = _json($token) ) || ( $length += length $json ) > $LONGEST );
        push @json, $json;
    }
    return @json && $self->_cells( $row, $column, $format, join( ',', @json ), scalar @json );
}

sub write_col {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    my ( $row, $column, $tokens, @options ) = @args;
    Carp::croak('Not an array ref in call to write_col()') if ref $tokens ne 'ARRAY';
    my $error = 0;
    for my $token (@$tokens) {
        my $result = $self->write( $row++, $column, $token, @options );
        $error ||= $result;
    }
    return $error;
}

sub write_rich_string {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, @parts ) = @args;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong if $wrong;
    my $whole = @parts && ref $parts[-1] ? pop @parts : undef;
    my ( $length, $before ) = ( 0, 0 );
    for my $part (@parts) {
        if ( ref $part ) {
            return -4 if $before;
            $before = 1;
        }
        else {
            return -4 if !defined $part || $part eq '';
            $before = 0;
            $length += length $part;
        }
    }
    return -4 if $before;
    return -3 if $length > $LONGEST;
    return $self->write_string( $row, $column, $parts[0], $whole ) if @parts == 1;
    $self->_op( write_rich_string => $row, $column, ( map { ref $_ ? $_ : _text($_) } @parts ), defined $whole ? $whole : () );
    return 0;
}

sub write_url {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $url, $format, $label, $tip ) = @args;
    ( $format, $label ) = ( $label, $format ) if ref $label || defined $format && !ref $format;
    my $wrong = $self->_misplaced( $row, $column );
    return $wrong if $wrong;
    $label =~ tr{/}{\\} if defined $label && $url =~ /\Aexternal:/;
    my $result = 0;
    my $shown = defined $label ? $label : $url;
    $shown =~ s{\A(?:mailto|(?:in|ex)ternal):}{} if !defined $label;
    if ( length $shown > $LONGEST ) { $label = substr $shown, 0, $LONGEST; $result = -3 }
    my ( $target, $anchor ) = $url =~ /\A(?:external:)?(.*?)(?:#(.*))?\z/s;
    if ( length $target > $self->{_max_url_length} || length( $anchor // '' ) > $self->{_max_url_length} ) {
        Carp::carp( "Ignoring URL '$url' where link or anchor > $self->{_max_url_length} characters since it exceeds"
              . q( Excel's limit for URLS. See LIMITATIONS section of the Excel::Writer::XLSX documentation.) );
        return -4;
    }
    if ( ++$self->{_urls} > $URLS ) {
        Carp::carp("Ignoring URL '$url' since it exceeds Excel's limit of 65,530 URLs per worksheet.");
        return -5;
    }
    my $default = $self->{_default_url_format};
    if ( ( $default // 0 ) ne ( $self->{_url_format_told} // 0 ) ) {
        $self->_op( attribute => 'default_url_format', $default );
        $self->{_url_format_told} = $default;
    }
    $self->_op(
        write_url => $row, $column, _text($url), $format, defined $label ? _text($label) : undef,
        defined $tip ? _text($tip) : ()
    );
    return $result;
}

sub write_url_range {
    my ( $self, @args ) = @_;
    my ( $row1, $column1, $row2, $column2, @rest ) = $self->_range(@args);
    return -1 if @rest < 1;
    return $self->write_url( $row1, $column1, @rest );
}

sub write_date_time {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $text, $format ) = @args;
    my $number = $self->convert_date_time($text);
    return defined $number ? $self->write_number( $row, $column, $number, $format ) : $self->write_string( $row, $column, $text, $format );
}

sub convert_date_time {
    my ( $self, $text ) = @_;
    return CPANBridge::Compat::Excel::Dates::number( $text, $self->{_date_1904} );
}

sub write_comment {
    my ( $self, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    my ( $row, $column, $text, %options ) = @args;
    return -2 if $self->_outside( $row, $column );
    if ( defined $options{start_cell} ) {
        @options{qw(start_row start_col)} = $self->_numbered( delete $options{start_cell} );
    }
    $options{$_} = $self->_row_or_column( $_, $options{$_} ) for grep { defined $options{$_} } qw(start_row start_col);
    return -3 if length $text > $LONGEST;
    $options{visible} = $options{visible} ? \1 : \0 if defined $options{visible};
    $options{font_name} = delete $options{font} if defined $options{font};
    $self->_op( write_comment => $row, $column, _text($text), \%options );
    return 0;
}

sub _row_or_column { return $_[2] =~ /\A[A-Za-z]+\z/ ? _column( $_[2] ) : 0 + $_[2] }

sub write_utf16be_string { my ( $self, @args ) = @_; return $self->_utf16( 'UTF-16BE', @args ) }
sub write_utf16le_string { my ( $self, @args ) = @_; return $self->_utf16( 'UTF-16LE', @args ) }

sub _utf16 {
    my ( $self, $encoding, @args ) = @_;
    @args = $self->_numbered(@args) if defined $args[0] && $args[0] =~ /\A\D/;
    return -1 if @args < 3;
    require Encode;
    my $bytes = $args[2];
    $args[2] = Encode::decode( $encoding, $bytes );
    return $self->write_string(@args);
}

sub add_write_handler {
    my ( $self, $pattern, $code ) = @_;
    Carp::croak('Incorrect number of arguments: add_write_handler() takes a pattern and a code ref') if @_ != 3;
    Carp::croak('Not a qr// expression in add_write_handler()') if ref $pattern ne 'Regexp';
    Carp::croak('Not a code ref in add_write_handler()')        if ref $code ne 'CODE';
    push @{ $self->{_write_match} }, [ $pattern, $code ];
    $self->{_short} = 0;
    return;
}

sub keep_leading_zeros {
    my ( $self, $on ) = @_;
    $self->{_leading_zeros} = defined $on ? $on : 1;
    $self->{_short} = 0 if $self->{_leading_zeros};
    return;
}

# --- ranges -------------------------------------------------------------------------------------------------------

sub merge_range {
    my ( $self, @args ) = @_;
    my ( $row1, $column1, $row2, $column2, $token, $format, @rest ) = $self->_range(@args);
    Carp::croak('Incorrect number of arguments') if !defined $format;
    Carp::croak('Fifth parameter must be a format object') if !ref $format;
    return $self->_merged( $row1, $column1, $row2, $column2, $format, sub { $self->write( @_, $token, $format, @rest ) } );
}

sub merge_range_type {
    my ( $self, $type, @args ) = @_;
    my ( $row1, $column1, $row2, $column2, @values ) = $self->_range(@args);
    my %method = (
        ( map { $_ => "write_$_" } qw(number string formula blank rich_string date_time url boolean array_formula) ),
    );
    my $method = $method{$type} or Carp::croak("Unknown type '$type'");
    my $format = $type eq 'rich_string' ? $values[-1] : $type eq 'blank' ? ref $values[0] ? $values[0] : $values[1] : ( grep { ref } @values )[0];
    Carp::croak('Format object missing or in an incorrect position') if !ref $format;
    return $self->_merged( $row1, $column1, $row2, $column2, $format, sub { $self->$method( @_, @values ) } );
}

sub _merged {
    my ( $self, $row1, $column1, $row2, $column2, $format, $write ) = @_;
    Carp::croak("Can't merge single cell") if $row1 == $row2 && $column1 == $column2;
    ( $row1, $row2 ) = ( $row2, $row1 ) if $row1 > $row2;
    ( $column1, $column2 ) = ( $column2, $column1 ) if $column1 > $column2;
    return -2 if $self->_outside( $row1, $column1, $row2, $column2 );
    $self->_op( merge_range => $row1, $column1, $row2, $column2, _text(''), $format );
    return $write->( $row1, $column1 );
}

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Worksheet - CPANBridge's replacement: a worksheet

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

Made by C<add_worksheet>. The methods are those that the original documents; what they return, too.

=head1 METHODS

=head2 get_name, get_index

Its name, and its place among the sheets.

=head2 write, write_number, write_string, write_formula, write_blank, write_boolean, write_date_time, write_url, write_rich_string, write_row, write_col, write_comment

Cells. 0 if all is well; -1 too few arguments; -2 outside of the sheet; -3 a text was cut at 32767 characters; -4 a URL is too
long, or a rich string wrong; -5 too many URLs.

=head2 new

A worksheet of no workbook: it checks what it is given, and writes nothing.

=head2 store_formula, repeat_formula

The older way to write one formula many times.

=head2 write_array_formula, write_dynamic_array_formula, merge_range, merge_range_type, write_url_range

Ranges.

=head2 write_utf16be_string, write_utf16le_string

Text in an older form.

=head2 convert_date_time

Excel's number for a date of ISO 8601, or undef.

=head2 add_write_handler, keep_leading_zeros

What C<write> makes of values. Handlers run in the program.

=head2 Views, rows and columns, printing, protection, objects

All that the original documents: see L<CPANBridge::Compat::Excel::Page> and L<CPANBridge::Compat::Excel::Objects>.

=cut
